import {Alert, Button, MultiSelect, Select, TextInput} from '@mantine/core';
import {IconAlertCircle, IconPlus} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {createColumnHelper} from '@tanstack/react-table';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useMemo, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {ListSection} from '../../parts/data-table';
import {Dialog} from '../../parts/dialog';
import {AskForm} from '../../parts/four-eyes';
import {notify} from '../../parts/notify';
import {Page} from '../../parts/page';
import {asProblem, explain, fieldError} from '../../parts/problem';
import {Secret} from '../../parts/secret';
import {Empty} from '../../parts/states';
import {When} from '../../parts/when';
import {useUnitUse} from '../../api/units';
import {RoleSelect, RoleUnit} from './roles';

type Token = Schemas['Token'];

function stateOf(token: Token): 'valid' | 'waits' | 'revoked' | 'expired' {
  if (token.revoked_at) return 'revoked';
  if (token.expires_at && new Date(token.expires_at) < new Date()) return 'expired';
  return token.waits ? 'waits' : 'valid';
}

const tones = {valid: 'good', waits: 'warn', revoked: 'bad', expired: 'bad'} as const;

export function TokensPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/tokens'});
  const navigate = useNavigate({from: '/tokens'});
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<Token | null>(null);
  const list = useQuery({
    queryKey: ['tokens'],
    queryFn: async () => {
      const tokens: Token[] = [];
      let cursor: string | undefined;
      do {
        const page = await take(api.GET('/api/v1/tokens', {params: {query: {limit: 200, cursor}}}));
        tokens.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor);
      return tokens.reverse();
    },
  });
  const columns = useColumns(setRevoking);
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t('tokens.add')}
    </Button>
  );
  return (
    <Page title={t('pages.tokens')} lead={t('tokens.lead')} actions={add}>
      <ListSection
        list={list}
        label={t('pages.tokens')}
        columns={columns}
        search={search}
        onSearch={change => void navigate({search: change, replace: true, resetScroll: false})}
        searchLabel={t('tokens.search')}
        empty={
          <Empty title={t('tokens.empty')} action={add}>
            {t('tokens.emptyHint')}
          </Empty>
        }
      />
      <AddDialog opened={adding} onClose={() => setAdding(false)} />
      <RevokeDialog token={revoking} onClose={() => setRevoking(null)} />
    </Page>
  );
}

function useColumns(onRevoke: (token: Token) => void) {
  const {t} = useTranslation();
  const format = useFormats();
  return useMemo(() => {
    const column = createColumnHelper<Token>();
    return [
      column.accessor('name', {header: t('tokens.name')}),
      column.accessor(row => t(`roles.${row.role}`), {id: 'role', header: t('staff.role'), meta: {label: t('staff.role')}}),
      column.accessor(row => t(`tokens.${stateOf(row)}`), {
        id: 'state',
        header: t('staff.state'),
        meta: {label: t('staff.state')},
        cell: ({row, getValue}) => <Chip tone={tones[stateOf(row.original)]}>{getValue()}</Chip>,
      }),
      column.accessor(row => row.region ?? '', {
        id: 'region',
        header: t('tokens.region'),
        meta: {label: t('tokens.region')},
        cell: ({getValue}) => getValue() || t('tokens.allRegions'),
      }),
      column.accessor('unit', {header: t('units.column'), meta: {label: t('units.column')}, cell: ({getValue}) => getValue() || <span className="soft">{t('units.all')}</span>}),
      column.accessor(row => row.expires_at ?? '', {
        id: 'expires',
        header: t('tokens.expires'),
        meta: {label: t('tokens.expires'), short: true},
        cell: ({getValue}) => (getValue() ? format.date(getValue()) : t('tokens.never')),
      }),
      column.accessor(row => row.last_used_at ?? '', {
        id: 'used',
        header: t('tokens.used'),
        meta: {label: t('tokens.used')},
        cell: ({getValue}) => (getValue() ? <When at={getValue()} /> : t('tokens.notYet')),
      }),
      column.display({
        id: 'actions',
        header: t('common.actions'),
        cell: ({row}) =>
          row.original.revoked_at ? null : (
            <Button size="compact-sm" variant="default" onClick={() => onRevoke(row.original)} aria-label={t('tokens.revokeNamed', {name: row.original.name})}>
              {t('tokens.revoke')}
            </Button>
          ),
      }),
    ];
  }, [t, format, onRevoke]);
}

function AddDialog({opened, onClose}: {opened: boolean; onClose: () => void}) {
  const {t} = useTranslation();
  const [issued, setIssued] = useState<Schemas['IssuedToken'] | null>(null);
  function close() {
    onClose();
    setIssued(null);
  }
  return (
    <Dialog opened={opened} onClose={close} title={t('tokens.add')} closeOnClickOutside={!issued}>
      {issued ? (
        <div className="stack">
          <Secret text={issued.token} label={t('tokens.token')} />
          {issued.waits ? (
            <AskForm operation="admit_token" target={`token:${issued.id}`} onDone={close} onCancel={close}>
              <Alert color="yellow" variant="light" icon={<IconAlertCircle aria-hidden />}>
                {t('approvals.tokenWaits')}
              </Alert>
            </AskForm>
          ) : (
            <Button onClick={close}>{t('tokens.kept')}</Button>
          )}
        </div>
      ) : (
        <AddForm onDone={setIssued} onCancel={close} />
      )}
    </Dialog>
  );
}

function AddForm({onDone, onCancel}: {onDone: (issued: Schemas['IssuedToken']) => void; onCancel: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Schemas['Role']>('operator');
  const [purposes, setPurposes] = useState<string[]>([]);
  const [unit, setUnit] = useState('');
  const limited = useUnitUse(role) !== 'none';
  const [days, setDays] = useState('90');
  const known = usePurposes().purposes;
  const purposeText = usePurposeText();
  const add = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/tokens', {
          params: {header: {'Idempotency-Key': idempotencyKey()}},
          body: {name, role, unit: limited ? unit : '', ...(role === 'integration' ? {purposes} : {}), expires_at: days === '0' ? null : new Date(Date.now() + Number(days) * 86_400_000).toISOString()},
        }),
      ),
    onSuccess: issued => {
      void queries.invalidateQueries({queryKey: ['tokens']});
      onDone(issued);
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput label={t('tokens.name')} description={t('tokens.nameHint')} required withAsterisk={false} maxLength={100} value={name} onChange={event => setName(event.currentTarget.value)} error={fieldError(add.error, 'name')} data-autofocus />
      <RoleSelect of="tokens" value={role} onChange={setRole} />
      <RoleUnit role={role} value={unit} onChange={setUnit} error={fieldError(add.error, 'unit')} />
      {role === 'integration' && (
        <MultiSelect
          label={t('tokens.purposes')}
          description={t('tokens.purposesHint')}
          searchable
          value={purposes}
          onChange={setPurposes}
          data={known.map(purpose => ({value: purpose.name, label: purposeText(purpose.name)}))}
          error={fieldError(add.error, 'purposes')}
        />
      )}
      <Select
        label={t('tokens.expires')}
        allowDeselect={false}
        value={days}
        onChange={value => setDays(value ?? days)}
        data={[
          {value: '30', label: t('tokens.days', {count: 30})},
          {value: '90', label: t('tokens.days', {count: 90})},
          {value: '365', label: t('tokens.days', {count: 365})},
          {value: '0', label: t('tokens.never')},
        ]}
      />
      {add.error && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {explain(t, asProblem(add.error))}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={add.isPending}>
          {t('tokens.add')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onCancel}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}

// Final, so it says what will happen instead of offering a way back.
function RevokeDialog({token, onClose}: {token: Token | null; onClose: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: number) => take(api.DELETE('/api/v1/tokens/{id}', {params: {path: {id}}})),
    onSuccess: () => {
      void queries.invalidateQueries({queryKey: ['tokens']});
      notify({kind: 'good', text: t('tokens.wasRevoked')});
      onClose();
    },
  });
  return (
    <Dialog opened={token !== null} onClose={onClose} title={t('tokens.revokeNamed', {name: token?.name ?? ''})}>
      <div className="stack">
        <p className="small">{t('tokens.revokeText')}</p>
        {revoke.error && <Alert color="red">{explain(t, asProblem(revoke.error))}</Alert>}
        <div className="row">
          <Button color="red" loading={revoke.isPending} onClick={() => token && revoke.mutate(token.id)}>
            {t('tokens.revokeDo')}
          </Button>
          <Button variant="subtle" color="gray" onClick={onClose}>
            {t('common.cancel')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
