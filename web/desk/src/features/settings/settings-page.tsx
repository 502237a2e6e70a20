import {Alert, Button, PasswordInput, Switch} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation} from '@tanstack/react-query';
import {type FormEvent, lazy, Suspense, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {Problem} from '../../api/client';
import {Health} from '../../parts/health';
import {useKeys} from '../../frame/keys';
import {ColourSwitch, LanguageSwitch} from '../../frame/switches';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {Page, Section} from '../../parts/page';
import {asProblem, explain, fieldError, notifyProblem} from '../../parts/problem';
import {Loading} from '../../parts/states';
import {useMember, useSession} from '../../session/session';
import classes from './settings.module.css';

const FactorForm = lazy(() => import('../../session/factor').then(module => ({default: module.FactorForm})));

export function SettingsPage() {
  const {t} = useTranslation();
  const member = useMember();
  const {single, setSingle} = useKeys();
  return (
    <Page title={t('pages.settings')} lead={t('settings.lead')}>
      <div className={classes.columns}>
        <Section title={t('settings.view')}>
          <div className="stack">
            <div className={classes.line}>
              <span>{t('settings.language')}</span>
              <LanguageSwitch />
            </div>
            <div className={classes.line}>
              <span>{t('settings.colours')}</span>
              <ColourSwitch />
            </div>
            <Switch label={t('settings.singleKeys')} description={t('settings.singleKeysHint')} checked={single} onChange={event => setSingle(event.currentTarget.checked)} />
          </div>
        </Section>
        <Section title={t('settings.account')}>
          <dl className="facts">
            <dt>{t('staff.name')}</dt>
            <dd>{member.display_name}</dd>
            <dt>{t('staff.login')}</dt>
            <dd>{member.login}</dd>
            <dt>{t('staff.role')}</dt>
            <dd>{t(`roles.${member.role}`)}</dd>
          </dl>
        </Section>
        <OwnPassword />
        <OwnFactor />
        <Sessions />
        <Section title={t('settings.server')}>
          <Health />
        </Section>
      </div>
    </Page>
  );
}

function OwnFactor() {
  const {t} = useTranslation();
  const member = useMember();
  const [setting, setSetting] = useState(false);
  return (
    <Section title={t('factor.own')} hint={t('factor.ownHint')}>
      {member.second_factor ? (
        <div className="stack-tight">
          <span>
            <Chip tone="good">{t('factor.on')}</Chip>
          </span>
          <p className="soft small">{t('factor.lost')}</p>
        </div>
      ) : (
        <Button variant="default" className={classes.start} onClick={() => setSetting(true)}>
          {t('factor.setUp')}
        </Button>
      )}
      <Dialog opened={setting} onClose={() => setSetting(false)} title={t('factor.own')}>
        {setting && (
          <Suspense fallback={<Loading lines={6} height={28} />}>
            <FactorForm
              onDone={() => {
                setSetting(false);
                notify({kind: 'good', text: t('factor.done')});
              }}
            />
          </Suspense>
        )}
      </Dialog>
    </Section>
  );
}

function Sessions() {
  const {t} = useTranslation();
  const {signOutEverywhere} = useSession();
  const end = useMutation({mutationFn: signOutEverywhere, onError: error => notifyProblem(t, error)});
  return (
    <Section title={t('settings.sessions')} hint={t('settings.sessionsHint')}>
      <Button variant="default" className={classes.start} loading={end.isPending} onClick={() => end.mutate()}>
        {t('settings.signOutEverywhere')}
      </Button>
    </Section>
  );
}

function OwnPassword() {
  const {t} = useTranslation();
  const {changePassword} = useSession();
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const change = useMutation({
    mutationFn: () => changePassword(current, password),
    onSuccess: () => {
      setCurrent('');
      setPassword('');
      notify({kind: 'good', text: t('settings.passwordChanged')});
    },
  });
  const problem = change.error ? asProblem(change.error) : null;
  function submit(event: FormEvent) {
    event.preventDefault();
    change.mutate();
  }
  function explainChange(said: Problem) {
    return said.code === 'sign_in_refused' ? t('settings.passwordWrong') : explain(t, said);
  }
  return (
    <Section title={t('settings.password')} hint={t('settings.passwordHint')}>
      <form className="stack" onSubmit={submit}>
        <PasswordInput label={t('settings.current')} autoComplete="current-password" required withAsterisk={false} value={current} onChange={event => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={{'aria-label': t('signIn.showPassword')}} />
        <PasswordInput label={t('settings.new')} description={t('staff.passwordHint')} autoComplete="new-password" minLength={12} maxLength={256} required withAsterisk={false} value={password} onChange={event => setPassword(event.currentTarget.value)} error={fieldError(change.error, 'password')} visibilityToggleButtonProps={{'aria-label': t('signIn.showPassword')}} />
        {problem && (
          <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
            {explainChange(problem)}
          </Alert>
        )}
        <Button type="submit" variant="default" loading={change.isPending} className={classes.start}>
          {t('settings.changePassword')}
        </Button>
      </form>
    </Section>
  );
}
