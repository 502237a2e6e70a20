// A second factor: an authenticator app, set up by a picture or a text, and shown to work before it counts.
import {Alert, Button} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation, useQuery} from '@tanstack/react-query';
import {type FormEvent, useMemo, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {encode} from 'uqr';
import {api, take} from '../api/client';
import {asProblem, explain} from '../parts/problem';
import {Copy} from '../parts/secret';
import {Failed, Loading} from '../parts/states';
import {CodeField} from './code-field';
import {useSession} from './session';
import {Door} from './sign-in';
import classes from './sign-in.module.css';

function QrCode({text}: {text: string}) {
  const {t} = useTranslation();
  const {size, path} = useMemo(() => {
    const {data, size} = encode(text, {border: 0});
    const dots = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')));
    return {size, path: dots.join('')};
  }, [text]);
  return (
    <svg className={classes.qr} viewBox={`0 0 ${size} ${size}`} role="img" aria-label={t('factor.picture')} shapeRendering="crispEdges">
      <path d={path} />
    </svg>
  );
}

export function FactorForm({onDone}: {onDone?: () => void}) {
  const {t} = useTranslation();
  const {enter} = useSession();
  const [code, setCode] = useState('');
  const offer = useQuery({
    queryKey: ['session', 'factor-offer'],
    queryFn: () => take(api.POST('/api/v1/session/second-factor')),
    staleTime: Infinity,
    gcTime: 0,
  });
  const confirm = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/session/second-factor', {body: {ticket: offer.data?.ticket ?? '', code}})),
    onSuccess: session => {
      enter(session);
      onDone?.();
    },
    onError: () => setCode(''),
  });
  if (offer.isPending) return <Loading lines={6} height={28} />;
  if (offer.error) return <Failed error={offer.error} retry={() => void offer.refetch()} />;
  const problem = confirm.error ? asProblem(confirm.error) : null;
  function submit(event: FormEvent) {
    event.preventDefault();
    confirm.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p className="small">{t('factor.scan')}</p>
      <QrCode text={offer.data.uri} />
      <details className="small">
        <summary className="soft">{t('factor.noCamera')}</summary>
        <p className="row">
          <code className="wrap">{offer.data.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
          <Copy text={offer.data.secret} />
        </p>
      </details>
      <CodeField value={code} onChange={setCode} />
      {problem && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {problem.code === 'code_refused' ? t('factor.refused') : problem.code === 'offer_over' ? t('factor.over') : explain(t, problem)}
        </Alert>
      )}
      <Button type="submit" size="md" loading={confirm.isPending} disabled={code.length !== 6}>
        {t('factor.confirm')}
      </Button>
    </form>
  );
}

// Before anything else, for roles that need it.
export function FactorPage() {
  const {t} = useTranslation();
  const {signOut} = useSession();
  return (
    <Door title={t('factor.title')} lead={t('factor.why')}>
      <FactorForm />
      <Button variant="subtle" color="gray" onClick={() => void signOut()}>
        {t('member.signOut')}
      </Button>
    </Door>
  );
}
