// One rule, for people: what it says, where that stands, how well it is founded, and for how long it holds.
import {Button} from '@mantine/core';
import {IconCircleCheck, IconExternalLink, IconHelpCircle, IconRosetteDiscountCheck, IconWritingSign} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {useNames} from '../../parts/names';
import {notify} from '../../parts/notify';
import {notifyProblem} from '../../parts/problem';
import {useMay} from '../../session/session';
import classes from './law.module.css';
import {type Rule, useConfirmations, usePlaceName, useTextOf} from './queries';
import {dayText, termText, usePeriod} from './words';

type Status = Rule['status'];
const tones = {verified: 'good', secondary: 'plain', unverified: 'warn', confirmed: 'accent'} as const;
const signs = {verified: IconCircleCheck, secondary: IconRosetteDiscountCheck, unverified: IconHelpCircle, confirmed: IconWritingSign};

export function StatusChip({status}: {status: Status}) {
  const {t} = useTranslation();
  const Sign = signs[status];
  return (
    <Chip tone={tones[status]} icon={<Sign size={14} aria-hidden />}>
      {t(`law.status.${status}`)}
    </Chip>
  );
}

// Where it can be read, in a window of its own.
export function SourceLink({source, link}: {source: string; link?: string | null}) {
  const {t} = useTranslation();
  if (!link?.startsWith('https://')) return <>{source}</>;
  return (
    <a href={link} target="_blank" rel="noopener noreferrer">
      {source} <IconExternalLink size={14} className={classes.out} aria-label={t('law.opens')} role="img" />
    </a>
  );
}

interface RuleCardProps {
  rule: Rule;
  role?: string; // "This decides"
  onConfirm?: (rule: Rule) => void;
}

export function RuleCard({rule, role, onConfirm}: RuleCardProps) {
  const {t} = useTranslation();
  const may = useMay();
  const format = useFormats();
  const textOf = useTextOf();
  const placeName = usePlaceName();
  const period = usePeriod();
  return (
    <article className={classes.rule} aria-label={rule.id}>
      <div className="row">
        {role && <span className={classes.ruleRole}>{role}</span>}
        {rule.own ? <Chip tone="accent">{t('law.ownRule')}</Chip> : <StatusChip status={rule.status} />}
        <span className="soft small">
          {rule.own
            ? t('law.holdsIn', {place: rule.jurisdiction === '*' ? t('law.everywhere') : placeName(rule.jurisdiction)})
            : t('law.ofPlace', {place: placeName(rule.jurisdiction)})}
        </span>
      </div>
      <p>{textOf(rule.text)}</p>
      <Conditions rule={rule} />
      <dl className="facts">
        <dt>{t('law.source')}</dt>
        <dd>
          <SourceLink source={rule.source} link={rule.link} />
          {rule.read && <span className="soft">, {t('law.readOn', {day: dayText(format, rule.read)})}</span>}
        </dd>
        <dt>{t('law.holds')}</dt>
        <dd>{period(rule)}</dd>
        <dt>{rule.own ? t('law.ownRule') : t(`law.status.${rule.status}`)}</dt>
        <dd>
          {rule.own ? t('law.ownRuleText') : t(`law.statusText.${rule.status}`)} <code className="soft">{rule.id}</code>
        </dd>
      </dl>
      {rule.status === 'unverified' && onConfirm && may('confirmRule') && (
        <Button size="compact-sm" variant="default" leftSection={<IconWritingSign size={16} aria-hidden />} onClick={() => onConfirm(rule)} aria-label={t('law.confirmNamed', {rule: rule.id})}>
          {t('law.confirm')}
        </Button>
      )}
      {may('listConfirmations') && <Confirmed rule={rule.id} />}
    </article>
  );
}

function Conditions({rule}: {rule: Rule}) {
  const {t} = useTranslation();
  const format = useFormats();
  return (
    <>
      {rule.exceptions?.map(exception => (
        <div key={exception.name} className="small">
          {t('law.exceptionTitle')}
          <ul className={classes.points}>
            {exception.needs?.map(need => (
              <li key={need}>{t(`law.needs.${need}`)}</li>
            ))}
            {exception.since_sale && <li>{t('law.exceptionSince', {term: termText(t, exception.since_sale)})}</li>}
          </ul>
        </div>
      ))}
      {rule.needs && (
        <p className="small">
          <span className="soft">{t('law.needsTitle')}:</span> {format.list(rule.needs.map(need => t(`law.needs.${need}`)))}
        </p>
      )}
      {rule.duties && (
        <p className="small">
          <span className="soft">{t('law.dutiesTitle')}:</span> {rule.duties.map(duty => t(`law.duties.${duty}`)).join(' · ')}
        </p>
      )}
    </>
  );
}

type Confirmation = Schemas['LawConfirmation'];

function Confirmed({rule}: {rule: string}) {
  const {data} = useConfirmations(true);
  const found = data?.find(confirmation => confirmation.rule === rule);
  return found ? <ConfirmedBy confirmation={found} /> : null;
}

function ConfirmedBy({confirmation}: {confirmation: Confirmation}) {
  const {t} = useTranslation();
  const format = useFormats();
  const name = useNames();
  const withdraw = useWithdraw();
  const {rule, counsel, source} = confirmation;
  return (
    <div className="row small">
      <span className="wrap">
        {t('law.confirmedBy', {counsel, source, day: dayText(format, confirmation.day)})}{' '}
        <span className="soft">
          {t('law.recordedBy')} {name(confirmation.recorded_by)}
        </span>
        {!confirmation.holds && ` ${t('law.noLonger')}`}
      </span>
      <Button size="compact-sm" variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate(rule)} aria-label={t('law.withdrawNamed', {rule})}>
        {t('law.withdraw')}
      </Button>
    </div>
  );
}

export function useWithdraw() {
  const {t} = useTranslation();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (rule: string) => take(api.DELETE('/api/v1/law/confirmations/{rule}', {params: {path: {rule}}})),
    onSuccess: () => notify({kind: 'good', text: t('law.withdrawn')}),
    onError: error => notifyProblem(t, error),
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
}
