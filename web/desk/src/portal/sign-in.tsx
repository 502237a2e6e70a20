import {type FormEvent, useEffect, useRef, useState} from 'react';
import * as api from './api';
import {Heading, Message} from './parts';
import {errorText, type Language, type Words} from './words';

// The code of a mail's link. It is taken out of the address line at once, and only filled in: to open the page changes nothing.
function codeInLink(): string {
  const code = /^#(\d{8})$/.exec(window.location.hash)?.[1] ?? '';
  if (window.location.hash) window.history.replaceState(null, '', window.location.pathname);
  return code;
}
let fromLink: string | undefined;

export function SignIn({t, language, why, onOpen}: {t: Words; language: Language; why?: string; onOpen: (session: api.Session) => void}) {
  const [given] = useState(() => (fromLink ??= codeInLink()));
  const [step, setStep] = useState<'address' | 'code'>(given ? 'code' : 'address');
  const [address, setAddress] = useState('');
  const [sent, setSent] = useState(false);
  const [code, setCode] = useState(given);
  const [error, setError] = useState(why);
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (error && error !== why) field.current?.focus();
  }, [error, why]);

  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (problem) {
      setError(problem instanceof api.Problem ? problem.code : 'other');
    }
    setBusy(false);
  };
  const send = () =>
    run(async () => {
      await api.askForCode(address, language);
      setCode('');
      setSent(true);
      setStep('code');
    });
  const open = () =>
    run(async () => {
      const session = await api.signIn(address, code);
      fromLink = '';
      onOpen(session);
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) void (step === 'address' ? send() : open());
  };
  const isAddressWrong = error === 'fields_invalid';
  const isCodeWrong = error?.startsWith('code_') ?? false;

  const addressField = (
    <div className="field">
      <label htmlFor="address">{t.address}</label>
      <input
        id="address"
        ref={step === 'address' || isAddressWrong ? field : undefined}
        type="email"
        name="email"
        autoComplete="email"
        inputMode="email"
        spellCheck={false}
        autoCapitalize="none"
        required
        maxLength={254}
        value={address}
        aria-invalid={isAddressWrong}
        aria-describedby={error ? 'error' : undefined}
        onChange={event => setAddress(event.target.value)}
      />
    </div>
  );

  return (
    <form className="sign-in" onSubmit={submit} noValidate={false}>
      <Heading key={step}>{step === 'address' ? t.title : t.mailbox}</Heading>
      {step === 'address' && <p className="lead">{t.lead}</p>}
      {step === 'code' && <p className="lead">{sent ? t.sent(address) : t.filled}</p>}
      {error && (
        <div id="error">
          <Message tone="bad">
            <p>{errorText(t, error)}</p>
          </Message>
        </div>
      )}
      {(step === 'address' || !sent) && addressField}
      {step === 'code' && (
        <div className="field">
          <label htmlFor="code">{t.code}</label>
          <input
            id="code"
            ref={isAddressWrong ? undefined : field}
            className="code"
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            maxLength={12}
            value={code}
            aria-invalid={isCodeWrong}
            aria-describedby={error ? 'error hint' : 'hint'}
            onChange={event => setCode(event.target.value)}
          />
          <p id="hint" className="soft small">
            {t.codeHint}
          </p>
        </div>
      )}
      <div className="actions">
        <button type="submit" className="filled" aria-disabled={busy}>
          {step === 'address' ? (busy ? t.sending : t.send) : busy ? t.opening : t.open}
        </button>
        {step === 'code' && sent && (
          <>
            <button type="button" className="quiet" onClick={() => !busy && void send()}>
              {t.again}
            </button>
            <button
              type="button"
              className="quiet"
              onClick={() => {
                setError(undefined);
                setSent(false);
                setCode('');
                setStep('address');
              }}
            >
              {t.other}
            </button>
          </>
        )}
        {step === 'code' && !sent && (
          <button type="button" className="quiet" onClick={() => setStep('address')}>
            {t.again}
          </button>
        )}
      </div>
      {step === 'address' && <p className="soft small">{t.privacy}</p>}
    </form>
  );
}
