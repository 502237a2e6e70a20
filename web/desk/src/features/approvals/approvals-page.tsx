// Four eyes: what was asked for and waits for somebody else, and what became of the rest.
import {Alert, Button, Select, TextInput} from '@mantine/core';
import {IconAlertCircle, IconCheck, IconPlus, IconX} from '@tabler/icons-react';
import {useInfiniteQuery, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useMembers} from '../../api/members';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {AskForm, type GraveOperation, Reason} from '../../parts/four-eyes';
import {useNames} from '../../parts/names';
import {notify} from '../../parts/notify';
import {Page, Section} from '../../parts/page';
import {asProblem, explain} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import {useMay, useMember} from '../../session/session';
import classes from './approvals.module.css';

type Approval = Schemas['Approval'];
type Decision = 'approve' | 'decline' | 'withdraw';
interface Deciding {
  approval: Approval;
  decision: Decision;
}

const tones = {pending: 'warn', approved: 'accent', done: 'good', failed: 'bad', declined: 'plain', withdrawn: 'plain', expired: 'plain'} as const;
const beingDoneMs = 1_000; // between two looks at what is about to be done; a page left open asks for nothing

export function ApprovalsPage() {
  const {t} = useTranslation();
  const [asking, setAsking] = useState(false);
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const query = useInfiniteQuery({
    queryKey: ['approvals'],
    queryFn: ({pageParam}) => take(api.GET('/api/v1/approvals', {params: {query: {cursor: pageParam, limit: 50}}})),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
    refetchInterval: answer => (answer.state.data?.pages.some(page => page.items.some(approval => approval.state === 'approved')) ? beingDoneMs : false),
  });
  const all = query.data?.pages.flatMap(page => page.items) ?? [];
  const on = query.data?.pages[0]?.four_eyes ?? false;
  const waiting = all.filter(approval => approval.state === 'pending');
  const past = all.filter(approval => approval.state !== 'pending');
  const ask = (
    <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAsking(true)}>
      {t('approvals.new')}
    </Button>
  );
  return (
    <Page title={t('pages.approvals')} lead={t('approvals.lead')} actions={on && ask}>
      {query.isPending ? (
        <Loading lines={6} height={40} />
      ) : query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <>
          <Section title={t('approvals.waiting')}>
            {waiting.length === 0 ? (
              <Empty title={t(on ? 'approvals.empty' : 'approvals.off')}>{t(on ? 'approvals.emptyHint' : 'approvals.offHint')}</Empty>
            ) : (
              <ul className={classes.list}>
                {waiting.map(approval => (
                  <Waiting key={approval.id} approval={approval} onDecide={decision => setDeciding({approval, decision})} />
                ))}
              </ul>
            )}
          </Section>
          {past.length > 0 && (
            <Section title={t('approvals.past')}>
              <ul className={classes.list}>
                {past.map(approval => (
                  <Past key={approval.id} approval={approval} />
                ))}
              </ul>
              {query.hasNextPage && (
                <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  {t('approvals.more')}
                </Button>
              )}
            </Section>
          )}
        </>
      )}
      <Dialog opened={asking} onClose={() => setAsking(false)} title={t('approvals.new')}>
        <NewRequest onDone={() => setAsking(false)} />
      </Dialog>
      <Dialog opened={deciding !== null} onClose={() => setDeciding(null)} title={deciding && t(`approvals.${deciding.decision}Title`)}>
        {deciding && <Decide {...deciding} onDone={() => setDeciding(null)} />}
      </Dialog>
    </Page>
  );
}

function What({approval}: {approval: Approval}) {
  const {t, i18n} = useTranslation();
  const name = useNames();
  return (
    <>
      <p className={classes.meaning}>{approval.meaning[i18n.language === 'de' ? 'de' : 'en']}</p>
      <p>
        <span className="soft">{t('approvals.target')}</span> {name(approval.target)}
      </p>
      <p>
        <span className="soft">{t('approvals.by')}</span> {name(approval.asked_by)}, <When at={approval.created_at} />: {t('approvals.quoted', {text: approval.reason})}
      </p>
    </>
  );
}

function Waiting({approval, onDecide}: {approval: Approval; onDecide: (decision: Decision) => void}) {
  const {t} = useTranslation();
  const self = useMember();
  const own = approval.asked_by === `staff:${self.id}`;
  return (
    <li className={classes.item}>
      <div className={classes.words}>
        <What approval={approval} />
        <p className="soft">
          {t('approvals.until')} <When at={approval.expires_at} />
        </p>
      </div>
      <div className="row">
        {own ? (
          <>
            <span className="soft small">{t('approvals.own')}</span>
            <Button variant="default" onClick={() => onDecide('withdraw')}>
              {t('approvals.withdraw')}
            </Button>
          </>
        ) : self.role === 'admin' ? (
          <>
            <Button leftSection={<IconCheck size={16} aria-hidden />} onClick={() => onDecide('approve')}>
              {t('approvals.approve')}
            </Button>
            <Button variant="default" leftSection={<IconX size={16} aria-hidden />} onClick={() => onDecide('decline')}>
              {t('approvals.decline')}
            </Button>
          </>
        ) : (
          <span className="soft small">{t('approvals.adminsDecide')}</span>
        )}
      </div>
    </li>
  );
}

function Past({approval}: {approval: Approval}) {
  const {t} = useTranslation();
  const name = useNames();
  return (
    <li className={classes.item}>
      <div className={classes.words}>
        <What approval={approval} />
        {approval.decided_by && (
          <p>
            <span className="soft">{t('approvals.decidedBy')}</span> {name(approval.decided_by)}
            {approval.decided_at && (
              <>
                , <When at={approval.decided_at} />
              </>
            )}
            {approval.decision_reason && <>: {t('approvals.quoted', {text: approval.decision_reason})}</>}
          </p>
        )}
        {approval.outcome && <p className={classes.outcome}>{approval.outcome}</p>}
      </div>
      <Chip tone={tones[approval.state]}>{t(`approvals.states.${approval.state}`)}</Chip>
    </li>
  );
}

function Decide({approval, decision, onDone}: Deciding & {onDone: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const decide = useMutation({
    mutationFn: () => {
      const wanted = {params: {path: {id: approval.id}}, body: {reason: reason.trim()}};
      if (decision === 'approve') return take(api.POST('/api/v1/approvals/{id}/approve', wanted));
      if (decision === 'decline') return take(api.POST('/api/v1/approvals/{id}/decline', wanted));
      return take(api.POST('/api/v1/approvals/{id}/withdraw', wanted));
    },
    onSuccess: () => {
      notify({kind: 'good', text: t(`approvals.${decision}Done`)});
      onDone();
    },
    onSettled: () => void queries.invalidateQueries(),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    decide.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <div className={classes.words}>
        <What approval={approval} />
      </div>
      {decision === 'approve' && <p className="small">{t('approvals.approveText')}</p>}
      <Reason value={reason} onChange={setReason} autoFocus />
      {decide.error && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {explain(t, asProblem(decide.error))}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={decide.isPending} disabled={reason.trim() === ''}>
          {t(`approvals.${decision}`)}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}

const operations = [
  'rotate_region_key',
  'rotate_digest_key',
  'grant_admin',
  'grant_data_protection_officer',
  'admit_token',
  'open_webhook',
  'delete_test_data',
] as const satisfies readonly GraveOperation[];

// Where the target is one thing, or nothing in particular, nobody is asked for it.
function NewRequest({onDone}: {onDone: () => void}) {
  const {t} = useTranslation();
  const [operation, setOperation] = useState<GraveOperation>('grant_admin');
  const [target, setTarget] = useState('');
  return (
    <AskForm operation={operation} target={operation === 'delete_test_data' ? 'test-data' : target} onDone={onDone} onCancel={onDone}>
      <Select
        label={t('approvals.operation')}
        allowDeselect={false}
        value={operation}
        onChange={value => {
          setOperation((value as GraveOperation | null) ?? operation);
          setTarget('');
        }}
        data={operations.map(name => ({value: name, label: t(`approvals.operations.${name}`)}))}
      />
      <Target key={operation} operation={operation} value={target} onChange={setTarget} />
    </AskForm>
  );
}

interface TargetProps {
  operation: GraveOperation;
  value: string;
  onChange: (target: string) => void;
}

function Target({operation, value, onChange}: TargetProps) {
  const {t} = useTranslation();
  switch (operation) {
    case 'grant_admin':
    case 'grant_data_protection_officer':
      return <MemberTarget {...{operation, value, onChange}} />;
    case 'admit_token':
      return <TokenTarget {...{operation, value, onChange}} />;
    case 'open_webhook':
      return <WebhookTarget {...{operation, value, onChange}} />;
    case 'rotate_region_key':
    case 'rotate_digest_key':
      return <Named prefix="region:" label={t('approvals.region')} hint={t('approvals.regionHint')} {...{value, onChange}} />;
    case 'delete_test_data':
      return null;
  }
}

function MemberTarget({operation, value, onChange}: TargetProps) {
  const {t} = useTranslation();
  const may = useMay()('listStaff');
  const {data} = useMembers(may);
  if (!may) return <Named prefix="staff:" label={t('approvals.member')} hint={t('approvals.memberHint')} {...{value, onChange}} />;
  const wanted = operation === 'grant_admin' ? 'admin' : 'data_protection_officer';
  const members = data?.filter(member => member.state === 'enabled' && member.role !== wanted) ?? [];
  return <Choice label={t('approvals.member')} choices={members.map(member => ({value: `staff:${member.id}`, label: member.display_name}))} {...{value, onChange}} />;
}

function TokenTarget({value, onChange}: TargetProps) {
  const {t} = useTranslation();
  const may = useMay()('listTokens');
  const {data} = useQuery({
    queryKey: ['tokens', 'waiting'],
    enabled: may,
    queryFn: async () => (await take(api.GET('/api/v1/tokens', {params: {query: {limit: 200}}}))).items.filter(token => token.waits && !token.revoked_at),
  });
  if (!may) return <Named prefix="token:" label={t('approvals.token')} hint={t('approvals.tokenHint')} {...{value, onChange}} />;
  return <Choice label={t('approvals.token')} choices={data?.map(token => ({value: `token:${token.id}`, label: token.name})) ?? []} {...{value, onChange}} />;
}

function WebhookTarget({value, onChange}: TargetProps) {
  const {t} = useTranslation();
  const {data} = useQuery({
    queryKey: ['webhooks'],
    queryFn: async () => (await take(api.GET('/api/v1/webhooks'))).items,
  });
  return <Choice label={t('approvals.webhook')} choices={data?.map(webhook => ({value: `webhook:${webhook.id}`, label: webhook.id})) ?? []} {...{value, onChange}} />;
}

function Choice({label, choices, value, onChange}: {label: string; choices: {value: string; label: string}[]; value: string; onChange: (target: string) => void}) {
  const {t} = useTranslation();
  return (
    <Select label={label} searchable nothingFoundMessage={t('approvals.nobody')} value={value || null} onChange={chosen => onChange(chosen ?? '')} data={choices} />
  );
}

function Named({prefix, label, hint, value, onChange}: {prefix: string; label: string; hint: string; value: string; onChange: (target: string) => void}) {
  return (
    <TextInput
      label={label}
      description={hint}
      maxLength={80}
      value={value.slice(prefix.length)}
      onChange={event => onChange(event.currentTarget.value.trim() === '' ? '' : prefix + event.currentTarget.value.trim())}
    />
  );
}
