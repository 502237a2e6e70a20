// How the first admin comes in: by a link from the command line, whose code stands behind the # and so reaches no log.
import {Alert, Button, PasswordInput, TextInput} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../api/client';
import {asProblem, explain, fieldError} from '../parts/problem';
import {useSession} from './session';
import {Door} from './sign-in';

export function FirstPage() {
  const {t} = useTranslation();
  const {enter} = useSession();
  const [wanted, setWanted] = useState({display_name: '', login: '', password: ''});
  const make = useMutation({
    mutationFn: () => take(api.POST('/api/v1/session/first-admin', {body: {...wanted, code: window.location.hash.slice(1)}})),
    onSuccess: session => {
      window.history.replaceState(null, '', '/');
      enter(session);
    },
  });
  const set = (name: keyof typeof wanted) => (event: {currentTarget: {value: string}}) => {
    const {value} = event.currentTarget;
    setWanted(before => ({...before, [name]: value}));
  };
  const problem = make.error ? asProblem(make.error) : null;
  function submit(event: FormEvent) {
    event.preventDefault();
    make.mutate();
  }
  return (
    <Door title={t('first.title')} lead={t('first.lead')}>
      <form className="stack" onSubmit={submit}>
        <TextInput label={t('staff.name')} autoComplete="name" size="md" required withAsterisk={false} maxLength={100} value={wanted.display_name} onChange={set('display_name')} error={fieldError(make.error, 'display_name')} />
        <TextInput label={t('signIn.login')} autoComplete="username" autoCapitalize="none" spellCheck={false} size="md" required withAsterisk={false} maxLength={254} value={wanted.login} onChange={set('login')} error={fieldError(make.error, 'login')} />
        <PasswordInput label={t('signIn.password')} description={t('staff.passwordHint')} autoComplete="new-password" size="md" required withAsterisk={false} minLength={12} maxLength={256} value={wanted.password} onChange={set('password')} error={fieldError(make.error, 'password')} visibilityToggleButtonProps={{'aria-label': t('signIn.showPassword')}} />
        {problem && problem.fields.length === 0 && (
          <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
            {problem.code === 'link_over' ? t('first.over') : explain(t, problem)}
          </Alert>
        )}
        <Button type="submit" size="md" loading={make.isPending}>
          {t('first.submit')}
        </Button>
      </form>
    </Door>
  );
}
