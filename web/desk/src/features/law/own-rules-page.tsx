// Rules of this installation: they only tighten what the law demands.
import {Alert, Button} from '@mantine/core';
import {IconPlus} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Dialog} from '../../parts/dialog';
import {useNames} from '../../parts/names';
import {notify} from '../../parts/notify';
import {Page, Section} from '../../parts/page';
import {asProblem, explain} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import classes from './law.module.css';
import {LawTabs} from './law-tabs';
import {OwnRuleForm} from './own-rule-form';
import {useOwnRules, usePlaceName, useTextOf} from './queries';
import {requirementText, termText, usePeriod} from './words';

type OwnRule = Schemas['OwnLawRule'];

export function OwnRulesPage() {
  const {t} = useTranslation();
  const list = useOwnRules();
  const [adding, setAdding] = useState(false);
  const [ending, setEnding] = useState<OwnRule | null>(null);
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t('law.ownAdd')}
    </Button>
  );
  const active = list.data?.filter(own => !own.ended_at) ?? [];
  const ended = list.data?.filter(own => own.ended_at) ?? [];
  return (
    <Page title={t('law.ownTitle')} lead={t('law.ownLead')} actions={add}>
      <LawTabs />
      {list.isPending ? (
        <Loading lines={4} height={40} />
      ) : list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : (
        <>
          <Section title={t('law.ownActive')}>
            {active.length === 0 ? (
              <Empty title={t('law.ownEmpty')}>{t('law.ownEmptyHint')}</Empty>
            ) : (
              <ul className={classes.list}>
                {active.map(own => (
                  <Item key={own.rule.id} own={own} onEnd={() => setEnding(own)} />
                ))}
              </ul>
            )}
          </Section>
          {ended.length > 0 && (
            <Section title={t('law.ownEnded')}>
              <ul className={classes.list}>
                {ended.map(own => (
                  <Item key={own.rule.id} own={own} />
                ))}
              </ul>
            </Section>
          )}
        </>
      )}
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t('law.ownAdd')} size="lg" closeOnClickOutside={false}>
        {adding && <OwnRuleForm onDone={() => setAdding(false)} />}
      </Dialog>
      <EndDialog own={ending} onClose={() => setEnding(null)} />
    </Page>
  );
}

function Item({own, onEnd}: {own: OwnRule; onEnd?: () => void}) {
  const {t} = useTranslation();
  const format = useFormats();
  const textOf = useTextOf();
  const name = useNames();
  const placeName = usePlaceName();
  const period = usePeriod();
  const {rule} = own;
  const demands = [
    ...(rule.requirement && rule.topic !== 'quiet_hours' ? [requirementText(t, rule.topic, rule.requirement, rule.needs ?? [], 0)] : []),
    ...(rule.term ? [termText(t, rule.term)] : []),
    ...(rule.years ? [t('law.years', {count: rule.years})] : []),
    ...(rule.quiet_from && rule.quiet_until ? [t('law.quietText', {from: rule.quiet_from, until: rule.quiet_until})] : []),
  ];
  return (
    <li className="row-wide">
      <div className="wrap">
        <p>
          <strong>{textOf(rule.text)}</strong>
        </p>
        <p>
          {rule.jurisdiction === '*' ? t('law.everywhere') : placeName(rule.jurisdiction)} · {t(`law.topics.${rule.topic}`)}
          {rule.channels && ` (${format.list(rule.channels.map(channel => t(`law.channels.${channel}`)))})`}: {format.list(demands)}
        </p>
        <p className="soft">
          {period(rule)} · {rule.source} · <code>{rule.id}</code>
        </p>
        <p className="soft">
          {t('law.ownBy')} {name(own.recorded_by)}, <When at={own.recorded_at} />
          {own.ended_at && (
            <>
              {' · '}
              {t('law.ownEndedBy')} {name(own.ended_by ?? '')}, <When at={own.ended_at} />
            </>
          )}
        </p>
      </div>
      {onEnd && (
        <Button className="push" variant="default" onClick={onEnd} aria-label={t('law.ownEndNamed', {id: rule.id})}>
          {t('law.ownEnd')}
        </Button>
      )}
    </li>
  );
}

// Its id is never given again, so it says what will happen instead of offering a way back.
function EndDialog({own, onClose}: {own: OwnRule | null; onClose: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: (rule: string) => take(api.DELETE('/api/v1/law/own-rules/{rule}', {params: {path: {rule}}})),
    onSuccess: () => {
      notify({kind: 'good', text: t('law.ownWasEnded')});
      onClose();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  return (
    <Dialog opened={own !== null} onClose={onClose} title={own && t('law.ownEndNamed', {id: own.rule.id})}>
      <div className="stack">
        <p className="small">{t('law.ownEndText')}</p>
        {end.error && <Alert color="red">{explain(t, asProblem(end.error))}</Alert>}
        <div className="row">
          <Button color="red" loading={end.isPending} onClick={() => own && end.mutate(own.rule.id)}>
            {t('law.ownEndDo')}
          </Button>
          <Button variant="subtle" color="gray" onClick={onClose}>
            {t('common.cancel')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
