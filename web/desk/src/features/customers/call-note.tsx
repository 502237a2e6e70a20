// A note of a call, with how whoever spoke was verified. It becomes a part of the customer's timeline.
import {Alert, Button, Radio, SegmentedControl, Select, Textarea, TextInput} from '@mantine/core';
import {IconAlertTriangle} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useNavigate} from '@tanstack/react-router';
import {type FormEvent, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {asProblem, explain, fieldError} from '../../parts/problem';
import {Failed, Loading} from '../../parts/states';
import {useMay, useMember} from '../../session/session';
import classes from './call-note.module.css';

const verifications = ['not_verified', 'callback', 'knowledge', 'authenticated', 'known_in_person'] as const;
type Verification = Schemas['CallerVerification'];
type Direction = 'inbound' | 'outbound';

const longest = 2_000; // characters; four bytes each fit the server's limit only where few need them, and it says so

// Words that were typed and not saved, until the page is left: who closes the dialog by mistake finds them again.
const drafts = new Map<string, string>();

// The customer whose page is open, or the number of somebody who is not known.
type About = {customer: string; purpose: string; mode: 'live' | 'test'} | {phone: string};

interface CallNoteProps {
  opened: boolean;
  onClose: () => void;
  about: About;
}

export function CallNote({opened, onClose, about}: CallNoteProps) {
  const {t} = useTranslation();
  return (
    <Dialog opened={opened} onClose={onClose} title={t('calls.note')} size="lg">
      {opened && <Body onClose={onClose} about={about} />}
    </Dialog>
  );
}

function Body({onClose, about}: Omit<CallNoteProps, 'opened'>) {
  const mode = 'mode' in about ? about.mode : 'live';
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['calls', 'sources', mode],
    queryFn: () => take(api.GET('/api/v1/calls/sources', {params: {query: {mode}}})),
  });
  if (isPending) return <Loading lines={6} height={36} />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  return data.items.length === 0 ? <NoSource onClose={onClose} /> : <Form onClose={onClose} about={about} sources={data.items} />;
}

function NoSource({onClose}: {onClose: () => void}) {
  const {t} = useTranslation();
  const {unit} = useMember();
  const may = useMay();
  const navigate = useNavigate();
  return (
    <div className="stack">
      <p>{t(unit ? 'calls.noSourceHere' : 'calls.noSource')}</p>
      <p className="soft small">{t('calls.noSourceHint')}</p>
      <div className="row">
        {may('createSource') && (
          <Button
            onClick={() => {
              onClose();
              void navigate({to: '/sources/new', search: {for: 'calls'}});
            }}
          >
            {t('calls.addSource')}
          </Button>
        )}
        <Button variant="default" onClick={onClose}>
          {t('common.close')}
        </Button>
      </div>
    </div>
  );
}

// "2026-11-22T18:30", by the clock on the wall, as the browser's field has it.
function localNow(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

interface FormProps extends Omit<CallNoteProps, 'opened'> {
  sources: {id: string; name: string}[];
}

function Form({onClose, about, sources}: FormProps) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const key = useRef(idempotencyKey());
  const [direction, setDirection] = useState<Direction>('inbound');
  const [verification, setVerification] = useState<Verification | null>(null);
  const draft = 'customer' in about ? about.customer : about.phone;
  const [summary, setSummary] = useState(drafts.get(draft) ?? '');
  const [at, setAt] = useState(localNow);
  const [source, setSource] = useState<string | null>(sources.length === 1 ? sources[0]!.id : null);
  const [missing, setMissing] = useState(false);
  const {mutate, error, isPending} = useMutation({
    mutationFn: (how: Verification) =>
      take(
        api.POST('/api/v1/calls', {
          params: {
            header: {'Idempotency-Key': key.current},
            query: 'customer' in about ? {purpose: about.purpose, mode: about.mode} : {},
          },
          body: {
            ...('customer' in about ? {customer: about.customer} : {phone: about.phone}),
            direction,
            verification: how,
            summary: summary.trim(),
            at: new Date(at).toISOString(),
            source: source ?? undefined,
          },
        }),
      ),
    onSuccess: () => {
      drafts.delete(draft);
      void queries.invalidateQueries({queryKey: ['customers']});
      notify({kind: 'good', text: t('calls.noted')});
      onClose();
    },
    onError: problem => {
      // Whether it was noted is not known where nothing came back: the same again is the same note. Else it is another.
      const {status, code} = asProblem(problem);
      const unknown = status === 0 || status >= 500 || code === 'idempotency_in_progress' || code === 'idempotency_outcome_unknown';
      if (!unknown) key.current = idempotencyKey();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    setMissing(verification === null);
    if (verification !== null) mutate(verification);
  }
  const problem = error ? asProblem(error) : null;
  return (
    <form className="stack" onSubmit={submit}>
      <p className="soft small">{'phone' in about ? t('calls.aboutPhone', {phone: about.phone}) : t('calls.aboutCustomer')}</p>
      <div className={classes.choices}>
        <span id="calls-direction" className={classes.label}>
          {t('calls.direction')}
        </span>
        <SegmentedControl
          role="radiogroup"
          aria-labelledby="calls-direction"
          value={direction}
          onChange={value => setDirection(value as Direction)}
          data={[
            {value: 'inbound', label: t('calls.inbound')},
            {value: 'outbound', label: t('calls.outbound')},
          ]}
        />
      </div>
      <Radio.Group
        label={t('calls.verification')}
        description={t('calls.verificationHint')}
        value={verification}
        onChange={value => setVerification(value as Verification)}
        error={missing && verification === null ? t('calls.verificationMissing') : undefined}
      >
        <div className={classes.choices}>
          {verifications.map(name => (
            <Radio key={name} value={name} label={t(`verification.${name}`)} data-autofocus={name === 'not_verified' || undefined} />
          ))}
        </div>
      </Radio.Group>
      {verification === 'not_verified' && (
        <div role="status" className={classes.warning}>
          <IconAlertTriangle size={20} aria-hidden />
          <p>
            <strong>{t('calls.warningTitle')}.</strong> {t('calls.warning')}
          </p>
        </div>
      )}
      <Textarea
        label={t('calls.summary')}
        description={t('calls.summaryHint')}
        required
        withAsterisk={false}
        autosize
        minRows={4}
        maxRows={12}
        maxLength={longest}
        value={summary}
        onChange={event => {
          setSummary(event.currentTarget.value);
          drafts.set(draft, event.currentTarget.value);
        }}
        error={fieldError(error, 'summary')}
      />
      <div className={classes.pair}>
        <TextInput type="datetime-local" label={t('calls.at')} required withAsterisk={false} max={localNow()} value={at} onChange={event => setAt(event.currentTarget.value)} error={fieldError(error, 'at') && t('calls.atWrong')} />
        {sources.length > 1 && (
          <Select
            label={t('calls.source')}
            placeholder={t('calls.sourceHint')}
            required
            withAsterisk={false}
            value={source}
            onChange={setSource}
            data={sources.map(one => ({value: one.id, label: one.name}))}
            error={fieldError(error, 'source')}
          />
        )}
      </div>
      {problem && problem.fields.length === 0 && (
        <Alert role="alert" color="red" title={t('problem.title')}>
          {problem.code === 'person_erased' ? t('calls.erased') : problem.code === 'idempotency_key_reused' ? t('calls.reused') : explain(t, problem)}
        </Alert>
      )}
      {fieldError(error, 'phone') && (
        <Alert role="alert" color="red" title={t('problem.title')}>
          {t(asProblem(error).code === 'phone_short' ? 'calls.phoneShort' : 'calls.phoneWrong')}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={isPending}>
          {t('calls.save')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
