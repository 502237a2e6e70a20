// Taking down what a customer said: yes or no, to what, by which way, under which words, and how that can be shown later.
import {Alert, Button, Checkbox, SegmentedControl, Select, Textarea, TextInput} from '@mantine/core';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {asProblem, explain, fieldError} from '../../parts/problem';
import type {Customer} from './customer';
import classes from './call-note.module.css';
import {channelName} from './said';

const channels = ['none', 'email', 'sms', 'phone', 'post', 'push', 'web', 'social'] as const;
type Channel = (typeof channels)[number];
const ways = ['phone', 'in_person', 'message', 'paper', 'form'] as const;
type Way = (typeof ways)[number];
type Answer = 'given' | 'withdrawn' | 'objected';

// What the dialog begins with; nothing: it is all to be chosen.
export interface Subject {
  purpose?: string;
  channel?: string;
  no?: boolean;
}

interface SayProps {
  customer: Customer;
  purpose: string;
  onClose: () => void;
}

export function SayDialog({about, ...rest}: SayProps & {about: Subject | null}) {
  const {t} = useTranslation();
  return (
    <Dialog opened={about !== null} onClose={rest.onClose} title={t('said.note')} size="lg">
      {about !== null && <Form about={about} {...rest} />}
    </Dialog>
  );
}

const kinds: Partial<Record<Channel, string>> = {email: 'email', sms: 'phone', phone: 'phone'};

// The addresses on file by which a channel reaches the customer.
function addressesOf(customer: Customer, channel: Channel): string[] {
  const kind = kinds[channel];
  return [...new Set(customer.identities.flatMap(identity => identity.keys.filter(key => key.kind === kind).map(key => key.value)))];
}

function useSay(customer: Customer, purpose: string, onDone: () => void) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const key = useRef(idempotencyKey());
  return useMutation({
    mutationFn: (body: Parameters<typeof send>[0]) => send(body),
    onSuccess: () => {
      void queries.invalidateQueries({queryKey: ['customers', customer.id, 'consents']});
      notify({kind: 'good', text: t('said.noted')});
      onDone();
    },
    onError: problem => {
      const {status} = asProblem(problem);
      if (status !== 0 && status < 500) key.current = idempotencyKey();
    },
  });
  function send(body: NonNullable<Parameters<typeof post>[0]>) {
    return take(post(body));
  }
  function post(body: {act: Answer; purpose: string; channel: Channel; way: Way; address?: string; notice?: {id: string}; language?: string; declaration?: string; evidence?: string; guardian?: boolean; said_at?: string}) {
    return api.POST('/api/v1/customers/{id}/consents', {
      params: {path: {id: customer.id}, query: {purpose}, header: {'Idempotency-Key': key.current}},
      body,
    });
  }
}

// By the clock on the wall, as the browser's field has it.
function localNow(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function useNotices(purpose: string, channel: Channel) {
  const {data} = useQuery({queryKey: ['notices'], queryFn: () => take(api.GET('/api/v1/notices'))});
  return (data?.items ?? [])
    .map(notice => notice.published)
    .filter(version => version !== null)
    .filter(version => version.purposes.includes(purpose) && (channel === 'none' ? version.channels.length === 0 : version.channels.includes(channel)));
}

function Form({customer, purpose, about, onClose}: SayProps & {about: Subject}) {
  const {t} = useTranslation();
  const {purposes} = usePurposes();
  const text = usePurposeText();
  const [answer, setAnswer] = useState<Answer>(about.no ? 'withdrawn' : 'given');
  const [what, setWhat] = useState(about.purpose ?? 'DirectMarketing');
  const [channel, setChannel] = useState<Channel>((about.channel as Channel | undefined) ?? 'email');
  const known = addressesOf(customer, channel);
  const [address, setAddress] = useState<string | null>(null);
  const [way, setWay] = useState<Way>('phone');
  // Untouched it is now, to the millisecond: what is said a moment after something else comes after it.
  const [at, setAt] = useState<string | null>(null);
  const [opened] = useState(localNow);
  const [declaration, setDeclaration] = useState('');
  const [evidence, setEvidence] = useState('');
  const [guardian, setGuardian] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const {mutate, error, isPending} = useSay(customer, purpose, onClose);
  const yes = answer === 'given';
  const where = address ?? known[0] ?? '';
  const notices = useNotices(what, channel);
  const notice = yes && chosen !== 'own' ? (notices.find(version => version.id === chosen) ?? notices[0]) : undefined;
  function submit(event: FormEvent) {
    event.preventDefault();
    mutate({
      act: answer,
      purpose: what,
      channel,
      way,
      said_at: at === null ? undefined : new Date(at).toISOString(),
      address: kinds[channel] && where ? where : undefined,
      notice: notice ? {id: notice.id} : undefined,
      declaration: yes && !notice && declaration.trim() ? declaration.trim() : undefined,
      evidence: evidence.trim() || undefined,
      guardian: guardian || undefined,
    });
  }
  const problem = error ? asProblem(error) : null;
  return (
    <form className="stack" onSubmit={submit}>
      <div className={classes.choices}>
        <span id="said-answer" className={classes.label}>
          {t('said.answer')}
        </span>
        <SegmentedControl
          role="radiogroup"
          aria-labelledby="said-answer"
          value={answer}
          onChange={value => setAnswer(value as Answer)}
          data={(['given', 'withdrawn', 'objected'] as const).map(value => ({value, label: t(`said.answers.${value}`)}))}
        />
      </div>
      <div className={classes.pair}>
        <Select label={t('said.purpose')} searchable allowDeselect={false} value={what} onChange={value => value && setWhat(value)} data={purposes.map(one => ({value: one.name, label: text(one.name)}))} />
        <Select
          label={t('said.channel')}
          allowDeselect={false}
          value={channel}
          onChange={value => {
            setChannel(value as Channel);
            setAddress(null);
          }}
          data={channels.map(value => ({value, label: channelName(t, value)}))}
        />
      </div>
      {kinds[channel] && (
        <TextInput
          label={t('said.address')}
          description={known.length > 1 ? t('said.addressKnown', {known: known.join(', ')}) : undefined}
          required={yes}
          withAsterisk={false}
          value={where}
          onChange={event => setAddress(event.currentTarget.value)}
          error={fieldError(error, 'address')}
        />
      )}
      {yes && (
        <Select
          label={t('said.words')}
          allowDeselect={false}
          value={notice?.id ?? 'own'}
          onChange={setChosen}
          data={[...notices.map(version => ({value: version.id, label: t('said.noticeVersion', {id: version.id, version: version.version})})), {value: 'own', label: t('said.ownWords')}]}
          error={fieldError(error, 'notice')}
        />
      )}
      {yes && !notice && (
        <Textarea label={t('said.declaration')} description={t('said.declarationHint')} required withAsterisk={false} autosize minRows={3} maxRows={10} maxLength={4000} value={declaration} onChange={event => setDeclaration(event.currentTarget.value)} error={fieldError(error, 'declaration')} />
      )}
      <div className={classes.pair}>
        <Select label={t('said.way')} allowDeselect={false} value={way} onChange={value => setWay(value as Way)} data={ways.map(value => ({value, label: t(`said.ways.${value}`)}))} />
        <TextInput type="datetime-local" label={t('said.at')} required withAsterisk={false} max={localNow()} value={at ?? opened} onChange={event => setAt(event.currentTarget.value)} error={fieldError(error, 'said_at')} />
      </div>
      <TextInput label={t('said.evidence')} description={t('said.evidenceHint')} required={yes} withAsterisk={false} maxLength={500} value={evidence} onChange={event => setEvidence(event.currentTarget.value)} error={fieldError(error, 'evidence')} />
      {yes && <Checkbox label={t('said.byGuardian')} checked={guardian} onChange={event => setGuardian(event.currentTarget.checked)} />}
      {problem && problem.fields.length === 0 && (
        <Alert role="alert" color="red" title={t('problem.title')}>
          {explain(t, problem)}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={isPending}>
          {t('said.save')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
