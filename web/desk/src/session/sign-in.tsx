import {Alert, Button, PasswordInput, TextInput} from '@mantine/core';
import {IconAlertCircle, IconClock} from '@tabler/icons-react';
import {type FormEvent, type ReactNode, useEffect, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {Problem} from '../api/client';
import {ColourSwitch, LanguageSwitch} from '../frame/switches';
import {Wordmark} from '../frame/wordmark';
import {explain} from '../parts/problem';
import {CodeField} from './code-field';
import {useSession} from './session';
import classes from './sign-in.module.css';

// Seconds until another attempt is taken; counts down by itself.
function useWait(): [number, (seconds: number) => void] {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (until <= now) return;
    const timer = setTimeout(() => setNow(Date.now()), 500);
    return () => clearTimeout(timer);
  }, [until, now]);
  const begin = (seconds: number) => {
    setNow(Date.now());
    setUntil(Date.now() + seconds * 1000);
  };
  return [Math.max(0, Math.ceil((until - now) / 1000)), begin];
}

export function SignInForm({login: fixedLogin, onDone}: {login?: string; onDone?: () => void}) {
  const {t} = useTranslation();
  const {signIn} = useSession();
  const [login, setLogin] = useState(fixedLogin ?? '');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState<string | null>(null); // null: not asked for yet
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [wait, beginWait] = useWait();
  const passwordInput = useRef<HTMLInputElement>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || wait > 0) return;
    setBusy(true);
    setProblem(null);
    try {
      await signIn(login, password, code ?? undefined);
      onDone?.();
    } catch (error) {
      const said = error as Problem;
      if (said.code === 'code_needed') {
        setCode('');
        return;
      }
      setProblem(said);
      if (said.retryAfter) beginWait(said.retryAfter);
      if (said.code === 'code_refused') {
        setCode('');
        return;
      }
      setCode(null);
      setPassword('');
      passwordInput.current?.focus();
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="stack" onSubmit={event => void submit(event)}>
      <TextInput
        label={t('signIn.login')}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        size="md"
        required
        withAsterisk={false}
        value={login}
        readOnly={fixedLogin !== undefined}
        onChange={event => setLogin(event.currentTarget.value)}
        data-autofocus={fixedLogin === undefined || undefined}
      />
      <PasswordInput
        ref={passwordInput}
        label={t('signIn.password')}
        autoComplete="current-password"
        size="md"
        required
        withAsterisk={false}
        value={password}
        onChange={event => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{'aria-label': t('signIn.showPassword')}}
        data-autofocus={fixedLogin !== undefined || undefined}
      />
      {code !== null && (
        <CodeField value={code} onChange={setCode} />
      )}
      {problem && wait === 0 && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {problem.code === 'sign_in_refused' ? t('signIn.refused') : problem.code === 'code_refused' ? t('factor.refused') : problem.retryAfter ? t('signIn.again') : explain(t, problem)}
        </Alert>
      )}
      {wait > 0 && (
        <Alert color="yellow" variant="light" icon={<IconClock aria-hidden />}>
          {t('signIn.throttled', {count: wait})}
        </Alert>
      )}
      <Button type="submit" size="md" loading={busy} disabled={wait > 0}>
        {t('signIn.submit')}
      </Button>
    </form>
  );
}

// What somebody sees who is not in yet.
export function Door({title, lead, children}: {title: string; lead: string; children: ReactNode}) {
  useEffect(() => {
    document.title = `${title} – Handschlag`;
  }, [title]);
  return (
    <main className={classes.page}>
      <div className={classes.tools}>
        <LanguageSwitch />
        <ColourSwitch />
      </div>
      <div className={classes.panel}>
        <Wordmark large />
        <div className="stack-tight">
          <h1>{title}</h1>
          <p className="soft">{lead}</p>
        </div>
        {children}
      </div>
    </main>
  );
}

export function SignInPage() {
  const {t} = useTranslation();
  return (
    <Door title={t('signIn.title')} lead={t('signIn.claim')}>
      <SignInForm />
      <p className="soft small">{t('signIn.help')}</p>
    </Door>
  );
}
