// Assessments of legitimate interests: without one that holds, nothing rests on such an interest.
import {Alert, Button, Select, Textarea, TextInput} from '@mantine/core';
import {IconAlertCircle, IconPlus} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {usePurposeText, usePurposes} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {useNames} from '../../parts/names';
import {notify} from '../../parts/notify';
import {Page, Section} from '../../parts/page';
import {asProblem, explain, fieldError} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import classes from './law.module.css';
import {LawTabs} from './law-tabs';
import {dayText, today} from './words';

type Assessment = Schemas['InterestAssessment'];
type NewAssessment = Schemas['NewInterestAssessment'];

const soonDays = 60;
const key = ['law', 'interests'];

export function InterestsPage() {
  const {t} = useTranslation();
  const list = useQuery({queryKey: key, queryFn: async () => (await take(api.GET('/api/v1/interest-assessments'))).items});
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Assessment | null>(null);
  const holding = list.data?.filter(each => each.holds) ?? [];
  const former = list.data?.filter(each => !each.holds) ?? [];
  const actions = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t('law.interestAdd')}
    </Button>
  );
  return (
    <Page title={t('law.interests')} lead={t('law.interestsLead')} actions={actions}>
      <LawTabs />
      {list.isPending ? (
        <Loading lines={4} height={40} />
      ) : list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : (
        <>
          <Section title={t('law.interestsHolding')}>
            {holding.length === 0 ? (
              <Empty title={t('law.interestsEmpty')}>{t('law.interestsEmptyHint')}</Empty>
            ) : (
              <ul className={classes.list}>
                {holding.map(each => (
                  <Item key={each.number} assessment={each} onRevoke={() => setRevoking(each)} />
                ))}
              </ul>
            )}
          </Section>
          {former.length > 0 && (
            <Section title={t('law.interestsFormer')}>
              <ul className={classes.list}>
                {former.map(each => (
                  <Item key={each.number} assessment={each} />
                ))}
              </ul>
            </Section>
          )}
        </>
      )}
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t('law.interestAdd')} size="lg" closeOnClickOutside={false}>
        {adding && <AssessmentForm onDone={() => setAdding(false)} />}
      </Dialog>
      <Dialog opened={revoking !== null} onClose={() => setRevoking(null)} title={t('law.interestRevoke')}>
        {revoking && <RevokeForm assessment={revoking} onDone={() => setRevoking(null)} />}
      </Dialog>
    </Page>
  );
}

function daysUntil(day: string): number {
  return Math.round((Date.parse(day) - Date.parse(today())) / 86_400_000);
}

function Item({assessment, onRevoke}: {assessment: Assessment; onRevoke?: () => void}) {
  const {t} = useTranslation();
  const format = useFormats();
  const name = useNames();
  const meaning = usePurposeText();
  const left = daysUntil(assessment.expires);
  return (
    <li className="row-wide">
      <div className="wrap">
        <p>
          <strong>{meaning(assessment.purpose)}</strong>{' '}
          {assessment.holds && left <= soonDays && <Chip tone="warn">{t('law.interestSoon', {count: left})}</Chip>}
          {!assessment.holds && !assessment.revoked_at && <Chip tone="bad">{t('law.interestExpired')}</Chip>}
        </p>
        <p className="soft">
          {t('law.interestSpan', {by: assessment.assessed_by, from: dayText(format, assessment.decided), until: dayText(format, assessment.expires)})}
        </p>
        <details>
          <summary>{t('law.interestRead')}</summary>
          {(['interest', 'necessity', 'balancing'] as const).map(part => (
            <div key={part}>
              <p className="soft">{t(`law.interestParts.${part}`)}</p>
              <p style={{whiteSpace: 'pre-wrap'}}>{assessment[part]}</p>
            </div>
          ))}
        </details>
        {assessment.revoked_at && (
          <p className="soft">
            {t('law.interestRevokedBy')} {name(assessment.revoked_by ?? '')}, <When at={assessment.revoked_at} />: {assessment.revoked_for}
          </p>
        )}
      </div>
      {onRevoke && (
        <Button className="push" variant="default" onClick={onRevoke} aria-label={t('law.interestRevokeNamed', {purpose: meaning(assessment.purpose)})}>
          {t('law.interestRevokeDo')}
        </Button>
      )}
    </li>
  );
}

function AssessmentForm({onDone}: {onDone: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const {purposes} = usePurposes();
  const meaning = usePurposeText();
  const [draft, setDraft] = useState<NewAssessment>({purpose: '', interest: '', necessity: '', balancing: '', assessed_by: '', decided: today(), expires: ''});
  const change = (part: Partial<NewAssessment>) => setDraft(before => ({...before, ...part}));
  const add = useMutation({
    mutationFn: () => take(api.POST('/api/v1/interest-assessments', {params: {header: {'Idempotency-Key': idempotencyKey()}}, body: draft})),
    onSuccess: () => {
      notify({kind: 'good', text: t('law.interestAdded')});
      onDone();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  const required = {required: true, withAsterisk: false} as const;
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <Select
        label={t('law.interestPurpose')}
        searchable
        {...required}
        value={draft.purpose || null}
        onChange={purpose => change({purpose: purpose ?? ''})}
        data={purposes.map(purpose => ({value: purpose.name, label: meaning(purpose.name)}))}
        error={fieldError(add.error, 'purpose')}
        data-autofocus
      />
      {(['interest', 'necessity', 'balancing'] as const).map(part => (
        <Textarea
          key={part}
          label={t(`law.interestParts.${part}`)}
          description={t(`law.interestHints.${part}`)}
          {...required}
          rows={3}
          maxLength={4000}
          value={draft[part]}
          onChange={event => change({[part]: event.currentTarget.value})}
          error={fieldError(add.error, part)}
        />
      ))}
      <TextInput label={t('law.interestBy')} {...required} maxLength={200} value={draft.assessed_by} onChange={event => change({assessed_by: event.currentTarget.value})} error={fieldError(add.error, 'assessed_by')} />
      <div className={classes.fields}>
        <TextInput label={t('law.interestDecided')} type="date" {...required} max={today()} value={draft.decided} onChange={event => change({decided: event.currentTarget.value})} error={fieldError(add.error, 'decided')} />
        <TextInput label={t('law.interestExpires')} type="date" {...required} value={draft.expires} onChange={event => change({expires: event.currentTarget.value})} error={fieldError(add.error, 'expires')} />
      </div>
      {add.error && asProblem(add.error).fields.length === 0 && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {explain(t, asProblem(add.error))}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={add.isPending}>
          {t('law.interestAdd')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}

function RevokeForm({assessment, onDone}: {assessment: Assessment; onDone: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const revoke = useMutation({
    mutationFn: () =>
      take(api.POST('/api/v1/interest-assessments/{number}/revoke', {params: {path: {number: assessment.number}, header: {'Idempotency-Key': idempotencyKey()}}, body: {reason}})),
    onSuccess: () => {
      notify({kind: 'good', text: t('law.interestRevoked')});
      onDone();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    revoke.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p className="small">{t('law.interestRevokeText')}</p>
      <TextInput label={t('law.interestWhy')} required withAsterisk={false} maxLength={1000} value={reason} onChange={event => setReason(event.currentTarget.value)} error={fieldError(revoke.error, 'reason')} data-autofocus />
      {revoke.error && <Alert color="red">{explain(t, asProblem(revoke.error))}</Alert>}
      <div className="row">
        <Button type="submit" color="red" loading={revoke.isPending}>
          {t('law.interestRevoke')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
