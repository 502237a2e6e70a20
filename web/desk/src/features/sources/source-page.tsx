import {Button, Select, Switch} from '@mantine/core';
import {IconRefresh} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Link, useParams} from '@tanstack/react-router';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import type {Source} from '../../api/sources';
import {api, idempotencyKey, take, takeTagged} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {Page, Section} from '../../parts/page';
import {notifyProblem} from '../../parts/problem';
import {Secret} from '../../parts/secret';
import {Failed, Loading} from '../../parts/states';
import {touchpointName} from '../../parts/touchpoint';
import {useMay} from '../../session/session';
import {CategoriesEditor, PlanEditor, QuotaEditor, UnitEditor} from './editors';
import {Live} from './live';
import {Outcome} from './outcome';
import {useSource, useSourceChange} from './queries';
import {Snippets} from './snippets';
import classes from './sources.module.css';

export function SourcePage() {
  const {t} = useTranslation();
  const {id} = useParams({from: '/sources/$id'});
  const {data, error, isPending, refetch} = useSource(id);
  return (
    <Page title={data?.data.name ?? id} lead={<Link to="/sources">{t('sources.all')}</Link>}>
      {isPending ? <Loading lines={8} height={40} /> : error ? <Failed error={error} retry={() => void refetch()} /> : <Known source={data.data} />}
    </Page>
  );
}

function Known({source}: {source: Source}) {
  const {t} = useTranslation();
  const may = useMay();
  const mayChange = may('setSourceState');
  return (
    <div className={classes.columns}>
      <div className="stack">
        <Facts source={source} mayChange={mayChange} />
        {mayChange && <Key source={source} />}
        <Outcome source={source.id} />
      </div>
      <div className="stack">
        {may('watchSource') && <Live source={source.id} />}
        <Section title={t('sources.snippets')} hint={t('sources.snippetsHint')}>
          <Snippets source={source} />
        </Section>
        <PlanEditor source={source} mayChange={mayChange} />
        <CategoriesEditor source={source} mayChange={mayChange} />
        <UnitEditor source={source} mayChange={mayChange} />
        <QuotaEditor source={source} mayChange={mayChange} />
      </div>
    </div>
  );
}

function Facts({source, mayChange}: {source: Source; mayChange: boolean}) {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const state = useSourceChange(source.id, source.enabled ? t('sources.switchedOff') : t('sources.switchedOn'), (etag, enabled: boolean) =>
    takeTagged(api.PUT('/api/v1/sources/{id}/state', {params: {path: {id: source.id}, header: {'If-Match': etag}}, body: {enabled}})),
  );
  return (
    <Section
      title={t('sources.what')}
      actions={
        mayChange ? (
          <Switch label={source.enabled ? t('sources.on') : t('sources.off')} checked={source.enabled} disabled={state.isPending} onChange={event => state.mutate(event.currentTarget.checked)} />
        ) : (
          <Chip tone={source.enabled ? 'good' : 'bad'}>{source.enabled ? t('sources.on') : t('sources.off')}</Chip>
        )
      }
    >
      <dl className="facts">
        <dt>{t('sources.id')}</dt>
        <dd>{source.id}</dd>
        <dt>{t('sources.touchpoint')}</dt>
        <dd>{touchpointName(t, source.touchpoint)}</dd>
        <dt>{t('sources.trust')}</dt>
        <dd>{t(`trust.${source.trust}`)}</dd>
        {source.for_children && (
          <>
            <dt>{t('sources.audience')}</dt>
            <dd>{t('sources.forChildren')}</dd>
          </>
        )}
        {source.data_categories.length > 0 && (
          <>
            <dt>{t('sources.dataCategories')}</dt>
            <dd>{source.data_categories.map(each => t(`sources.dataCategory.${each}`)).join('; ')}</dd>
          </>
        )}
        <dt>{t('sources.mode')}</dt>
        <dd>{source.mode === 'test' ? t('common.test') : t('sources.live')}</dd>
        <dt>{t('sources.namespace')}</dt>
        <dd>{source.namespace}</dd>
        <dt>{t('sources.country')}</dt>
        <dd>{source.country ? format.country(source.country) : t('sources.countryUnknown')}</dd>
        <dt>{t('sources.added')}</dt>
        <dd>{format.date(source.created_at)}</dd>
        <dt>{t('sources.purposes')}</dt>
        <dd>
          <ul className={classes.plain}>
            {source.purposes.map(declared => {
              const [name = '', basis = ''] = declared.split(':');
              return (
                <li key={declared}>
                  {purposeText(name)} <span className="soft">· {t(`bases.${basis as 'A6-1-a'}`, {defaultValue: basis})}</span>
                </li>
              );
            })}
          </ul>
        </dd>
      </dl>
    </Section>
  );
}

function Key({source}: {source: Source}) {
  const {t} = useTranslation();
  const format = useFormats();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const [hours, setHours] = useState('24');
  const rotate = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/sources/{id}/key', {
          params: {path: {id: source.id}, header: {'Idempotency-Key': idempotencyKey()}},
          body: {overlap_seconds: Number(hours) * 3600},
        }),
      ),
    onSuccess: () => void queries.invalidateQueries({queryKey: ['sources', source.id]}),
    onError: error => notifyProblem(t, error),
  });
  const close = () => {
    setAsking(false);
    rotate.reset();
  };
  return (
    <Section
      title={t('sources.key')}
      actions={
        <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => setAsking(true)}>
          {t('sources.rotate')}
        </Button>
      }
    >
      <div className="stack-tight">
        <p>{t('sources.keyMade', {date: format.date(source.key_created_at)})}</p>
        <p className="soft small">{t('sources.keyHint')}</p>
      </div>
      <Dialog opened={asking} onClose={close} title={t('sources.rotate')} size="lg" closeOnClickOutside={!rotate.data}>
        {rotate.data ? (
          <div className="stack">
            <Secret text={rotate.data.write_key} label={t('sources.key')} />
            <Button onClick={close}>{t('sources.keyKept')}</Button>
          </div>
        ) : (
          <div className="stack">
            <p className="small">{t('sources.rotateText')}</p>
            <Select
              label={t('sources.overlap')}
              allowDeselect={false}
              value={hours}
              onChange={value => setHours(value ?? hours)}
              data={[
                {value: '0', label: t('sources.overlapNone')},
                {value: '24', label: t('sources.overlapHours', {count: 24})},
                {value: '168', label: t('sources.overlapDays', {count: 7})},
                {value: '720', label: t('sources.overlapDays', {count: 30})},
              ]}
            />
            <div className="row">
              <Button onClick={() => rotate.mutate()} loading={rotate.isPending}>
                {t('sources.rotateDo')}
              </Button>
              <Button variant="subtle" color="gray" onClick={close}>
                {t('common.cancel')}
              </Button>
            </div>
          </div>
        )}
      </Dialog>
    </Section>
  );
}
