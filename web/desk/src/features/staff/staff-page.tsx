import {Alert, Button, Menu, PasswordInput, TextInput} from '@mantine/core';
import {IconAlertCircle, IconDots, IconPlus} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {createColumnHelper} from '@tanstack/react-table';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useMemo, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {type Member, useMembers} from '../../api/members';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {ListSection} from '../../parts/data-table';
import {Dialog} from '../../parts/dialog';
import {AskForm, takesTwo} from '../../parts/four-eyes';
import {notify} from '../../parts/notify';
import {Page} from '../../parts/page';
import {asProblem, explain, fieldError, notifyProblem} from '../../parts/problem';
import {Empty} from '../../parts/states';
import {useMember} from '../../session/session';
import {useUnitUse} from '../../api/units';
import {RoleSelect, RoleUnit} from './roles';

type Asked = {what: 'role' | 'password'; member: Member};

function useMemberChanges() {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const settled = () => queries.invalidateQueries({queryKey: ['staff']});
  const failed = (error: unknown) => notifyProblem(t, error);
  const state = (member: Member, to: 'enabled' | 'disabled') =>
    take(api.PUT('/api/v1/staff/{id}/state', {params: {path: {id: member.id}}, body: {state: to}})).then(settled);
  const role = (member: Member, to: Member['role'], unit: string) =>
    take(api.PUT('/api/v1/staff/{id}/role', {params: {path: {id: member.id}}, body: {role: to, unit}})).then(settled);
  const resetFactor = (member: Member) => take(api.DELETE('/api/v1/staff/{id}/second-factor', {params: {path: {id: member.id}}})).then(settled);
  return {state, role, resetFactor, failed};
}

export function StaffPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/staff'});
  const navigate = useNavigate({from: '/staff'});
  const list = useMembers();
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const columns = useColumns(setAsked);
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t('staff.add')}
    </Button>
  );
  return (
    <Page title={t('pages.staff')} lead={t('staff.lead')} actions={add}>
      <ListSection
        list={list}
        label={t('pages.staff')}
        columns={columns}
        search={search}
        onSearch={change => void navigate({search: change, replace: true, resetScroll: false})}
        searchLabel={t('staff.search')}
        empty={<Empty title={t('staff.empty')} action={add} />}
      />
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t('staff.add')}>
        <AddForm onDone={() => setAdding(false)} />
      </Dialog>
      <Dialog opened={asked !== null} onClose={() => setAsked(null)} title={asked ? t(`staff.${asked.what}Title`, {name: asked.member.display_name}) : null}>
        {asked?.what === 'role' && <RoleForm member={asked.member} onDone={() => setAsked(null)} />}
        {asked?.what === 'password' && <PasswordForm member={asked.member} onDone={() => setAsked(null)} />}
      </Dialog>
    </Page>
  );
}

function useColumns(onAsk: (asked: Asked) => void) {
  const {t} = useTranslation();
  const format = useFormats();
  return useMemo(() => {
    const column = createColumnHelper<Member>();
    return [
      column.accessor('display_name', {
        header: t('staff.name'),
        cell: ({row, getValue}) => (
          <span>
            {getValue()} <span className="soft tiny">{row.original.login}</span>
          </span>
        ),
      }),
      column.accessor(row => t(`roles.${row.role}`), {id: 'role', header: t('staff.role'), meta: {label: t('staff.role')}}),
      column.accessor('unit', {header: t('units.column'), meta: {label: t('units.column')}, cell: ({getValue}) => getValue() || <span className="soft">{t('units.all')}</span>}),
      column.accessor(row => t(`staff.${row.state}`), {
        id: 'state',
        header: t('staff.state'),
        meta: {label: t('staff.state')},
        cell: ({row, getValue}) => <Chip tone={row.original.state === 'enabled' ? 'good' : 'bad'}>{getValue()}</Chip>,
      }),
      column.accessor(row => t(row.second_factor ? 'staff.factorOn' : 'staff.factorOff'), {
        id: 'factor',
        header: t('staff.factor'),
        meta: {label: t('staff.factor')},
        cell: ({row, getValue}) => <span className={row.original.second_factor ? undefined : 'soft'}>{getValue()}</span>,
      }),
      column.accessor('created_at', {header: t('staff.since'), meta: {label: t('staff.since'), short: true}, cell: ({getValue}) => format.date(getValue())}),
      column.display({id: 'actions', header: t('common.actions'), cell: ({row}) => <Actions member={row.original} onAsk={onAsk} />}),
    ];
  }, [t, format, onAsk]);
}

function Actions({member, onAsk}: {member: Member; onAsk: (asked: Asked) => void}) {
  const {t} = useTranslation();
  const self = useMember();
  const {state, resetFactor, failed} = useMemberChanges();
  const own = self.id === member.id;
  function disable() {
    state(member, 'disabled').then(
      () => notify({kind: 'good', text: t('staff.wasDisabled', {name: member.display_name}), undo: () => void state(member, 'enabled').catch(failed)}),
      failed,
    );
  }
  function enable() {
    state(member, 'enabled').then(() => notify({kind: 'good', text: t('staff.wasEnabled', {name: member.display_name})}), failed);
  }
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-sm" variant="default" aria-label={t('staff.actionsFor', {name: member.display_name})}>
          <IconDots size={16} aria-hidden />
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={own} onClick={() => onAsk({what: 'role', member})}>
          {t('staff.changeRole')}
        </Menu.Item>
        <Menu.Item onClick={() => onAsk({what: 'password', member})}>{t('staff.setPassword')}</Menu.Item>
        {member.second_factor && (
          <Menu.Item
            disabled={own}
            onClick={() => {
              resetFactor(member).then(() => notify({kind: 'good', text: t('staff.factorReset', {name: member.display_name})}), failed);
            }}
          >
            {t('staff.resetFactor')}
          </Menu.Item>
        )}
        <Menu.Item disabled={own} onClick={member.state === 'enabled' ? disable : enable}>
          {member.state === 'enabled' ? t('staff.disable') : t('staff.enable')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Wrong({error, two}: {error: unknown; two?: string}) {
  const {t} = useTranslation();
  return (
    <>
      {error !== null && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {two && takesTwo(error) ? two : explain(t, asProblem(error))}
        </Alert>
      )}
    </>
  );
}

function AddForm({onDone}: {onDone: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const key = useRef(idempotencyKey());
  const [login, setLogin] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Member['role']>('agent');
  const [unit, setUnit] = useState('');
  const [password, setPassword] = useState('');
  const limited = useUnitUse(role) !== 'none';
  const add = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/staff', {
          params: {header: {'Idempotency-Key': key.current}},
          body: {login, display_name: name, role, unit: limited ? unit : '', password},
        }),
      ),
    onSuccess: member => {
      void queries.invalidateQueries({queryKey: ['staff']});
      notify({kind: 'good', text: t('staff.added', {name: member.display_name})});
      onDone();
    },
    onError: () => {
      key.current = idempotencyKey();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput label={t('staff.name')} required withAsterisk={false} maxLength={100} value={name} onChange={event => setName(event.currentTarget.value)} error={fieldError(add.error, 'display_name')} data-autofocus />
      <TextInput label={t('staff.login')} description={t('staff.loginHint')} required withAsterisk={false} autoComplete="off" maxLength={254} value={login} onChange={event => setLogin(event.currentTarget.value)} error={fieldError(add.error, 'login')} />
      <RoleSelect of="members" value={role} onChange={setRole} />
      <RoleUnit role={role} value={unit} onChange={setUnit} error={fieldError(add.error, 'unit')} />
      <NewPassword value={password} onChange={setPassword} error={fieldError(add.error, 'password')} />
      <Wrong error={add.error} two={t('approvals.addTakesTwo')} />
      <div className="row">
        <Button type="submit" loading={add.isPending}>
          {t('staff.add')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}

function NewPassword({value, onChange, error}: {value: string; onChange: (value: string) => void; error?: string}) {
  const {t} = useTranslation();
  return (
    <PasswordInput
      label={t('staff.password')}
      description={t('staff.passwordHint')}
      autoComplete="new-password"
      required
      withAsterisk={false}
      minLength={12}
      maxLength={256}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      error={error}
      visibilityToggleButtonProps={{'aria-label': t('signIn.showPassword')}}
    />
  );
}

function RoleForm({member, onDone}: {member: Member; onDone: () => void}) {
  const {t} = useTranslation();
  const {role: change, failed} = useMemberChanges();
  const [role, setRole] = useState(member.role);
  const [unit, setUnit] = useState(member.unit);
  const limit = useUnitUse(role) === 'none' ? '' : unit;
  const save = useMutation({
    mutationFn: () => change(member, role, limit),
    onSuccess: () => {
      notify({kind: 'good', text: t('staff.roleSet', {name: member.display_name, role: t(`roles.${role}`)}), undo: () => void change(member, member.role, member.unit).catch(failed)});
      onDone();
    },
  });
  if (takesTwo(save.error) && (role === 'admin' || role === 'data_protection_officer')) {
    return (
      <AskForm operation={`grant_${role}`} target={`staff:${member.id}`} onDone={onDone} onCancel={onDone}>
        <p className="small">{t('approvals.roleTakesTwo')}</p>
      </AskForm>
    );
  }
  return (
    <div className="stack">
      <RoleSelect of="members" value={role} onChange={setRole} />
      <RoleUnit role={role} value={unit} onChange={setUnit} error={fieldError(save.error, 'unit')} />
      <Wrong error={save.error} />
      <div className="row">
        <Button onClick={() => save.mutate()} loading={save.isPending} disabled={role === member.role && limit === member.unit}>
          {t('common.save')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </div>
  );
}

function PasswordForm({member, onDone}: {member: Member; onDone: () => void}) {
  const {t} = useTranslation();
  const [password, setPassword] = useState('');
  const save = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/staff/{id}/password', {params: {path: {id: member.id}}, body: {password}})),
    onSuccess: () => {
      notify({kind: 'good', text: t('staff.passwordSet', {name: member.display_name})});
      onDone();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p className="small">{t('staff.passwordText')}</p>
      <NewPassword value={password} onChange={setPassword} error={fieldError(save.error, 'password')} />
      <Wrong error={save.error} two={t('approvals.passwordTakesTwo')} />
      <div className="row">
        <Button type="submit" loading={save.isPending}>
          {t('staff.setPassword')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
