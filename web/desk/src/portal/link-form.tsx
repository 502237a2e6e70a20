import {type FormEvent, useEffect, useRef, useState} from 'react';
import * as api from './api';
import {linkError, type LinkWords} from './link-words';
import {Message, Prose} from './parts';
import {Facts} from './topic';
import type {Language, Words} from './words';

interface Props {
  t: Words;
  w: LinkWords;
  language: Language;
  notice: api.Notice;
  about: api.Links['about'];
  onJoined: (after: api.Links) => void;
  onCancel: () => void;
  // What is offered may be another now.
  onChanged: () => void;
  onOver: () => void;
}

type Place = 'value' | 'agree' | 'code' | 'form';
// After these the code is not gone: it can be typed again, or once there is a connection.
const codeStays = new Set(['code_wrong', 'code_expired', 'code_used_up', 'codes_too_many', 'unreachable', 'other']);
const offerChanged = new Set(['notice_changed', 'notice_missing']);

// Two steps: what it is and what one agrees to, then the code. A browser that shows its own id needs the first alone.
export function LinkForm({t, w, language, notice, about, onJoined, onCancel, onChanged, onOver}: Props) {
  const [browser] = useState(api.browserId);
  const [step, setStep] = useState<'what' | 'code'>('what');
  const [way, setWay] = useState<api.Way>('email');
  const [value, setValue] = useState('');
  const [agreed, setAgreed] = useState(false);
  const [code, setCode] = useState('');
  const [again, setAgain] = useState(false);
  const [wrong, setWrong] = useState<{text: string; place: Place}>();
  const [busy, setBusy] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const valueField = useRef<HTMLInputElement>(null);
  const agreeBox = useRef<HTMLInputElement>(null);
  const codeField = useRef<HTMLInputElement>(null);

  useEffect(() => heading.current?.focus(), [step]);
  useEffect(() => {
    const fields = {value: valueField, agree: agreeBox, code: codeField, form: heading};
    if (wrong) fields[wrong.place].current?.focus();
  }, [wrong]);
  // Another text needs another yes.
  useEffect(() => setAgreed(false), [notice.id, notice.version]);

  const fail = (thrown: unknown) => {
    const problem = thrown instanceof api.Problem ? thrown : new api.Problem(0, 'other');
    if (problem.code === 'session_invalid') return onOver();
    if (offerChanged.has(problem.code)) onChanged();
    if (problem.code === 'fields_invalid') return setWrong({text: way === 'email' ? w.errors.email : w.errors.number, place: 'value'});
    const text = linkError(t, w, problem);
    if (step === 'code' && codeStays.has(problem.code)) return setWrong({text, place: 'code'});
    setCode('');
    setStep('what');
    setWrong({text, place: 'form'});
  };
  const run = async (work: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setWrong(undefined);
    setAgain(false);
    try {
      await work();
    } catch (thrown) {
      fail(thrown);
    }
    setBusy(false);
  };
  const send = () => api.askForLinkCode(way, value, language);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      if (step === 'code') return onJoined(await api.join({code}, notice, language));
      if (way !== 'browser' && value.trim() === '') return setWrong({text: way === 'email' ? w.errors.email : w.errors.number, place: 'value'});
      if (!agreed) return setWrong({text: w.errors.agree, place: 'agree'});
      if (way === 'browser') return onJoined(await api.join({browser: browser ?? ''}, notice, language));
      await send();
      setCode('');
      setStep('code');
    });
  };
  const error = (place: Place) =>
    wrong?.place === place && (
      <div id="link-error">
        <Message tone="bad">
          <p>{wrong.text}</p>
        </Message>
      </div>
    );
  const described = (place: Place, hint?: string) => [wrong?.place === place && 'link-error', hint].filter(Boolean).join(' ') || undefined;

  if (step === 'code' && way !== 'browser') {
    return (
      <form className="link-form" onSubmit={submit} noValidate>
        <h3 ref={heading} tabIndex={-1}>
          {w.look[way]}
        </h3>
        <p>{way === 'email' ? t.sent(value.trim()) : w.sentNumber}</p>
        <div className="field">
          <label htmlFor="link-code">{t.code}</label>
          <input
            id="link-code"
            ref={codeField}
            className="code"
            inputMode="numeric"
            autoComplete="one-time-code"
            required
            maxLength={12}
            value={code}
            aria-invalid={wrong?.place === 'code'}
            aria-describedby={described('code', 'link-hint')}
            onChange={event => setCode(event.target.value)}
          />
          <p id="link-hint" className="soft small">
            {t.codeHint}
          </p>
        </div>
        {error('code')}
        <p>
          {w.youSay}{' '}
          <span className="words" lang={notice.language}>
            {notice.declaration}
          </span>
        </p>
        <div role="status">{again && <p className="soft small">{w.sentAgain}</p>}</div>
        <div className="actions">
          <button type="submit" className="filled" aria-disabled={busy}>
            {busy ? w.joining : w.join}
          </button>
          <button type="button" className="quiet" onClick={() => void run(async () => void (await send(), setAgain(true)))}>
            {t.again}
          </button>
          <button
            type="button"
            className="quiet"
            onClick={() => {
              setWrong(undefined);
              setStep('what');
            }}
          >
            {w.goBack}
          </button>
        </div>
      </form>
    );
  }

  const ways: api.Way[] = browser ? ['email', 'customer_number', 'browser'] : ['email', 'customer_number'];
  return (
    <form className="link-form" onSubmit={submit} noValidate>
      <h3 ref={heading} tabIndex={-1}>
        {w.what}
      </h3>
      {error('form')}
      <fieldset className="ways">
        <legend className="away">{w.what}</legend>
        {ways.map(one => (
          <label key={one}>
            <input
              type="radio"
              name="way"
              checked={way === one}
              onChange={() => {
                setWay(one);
                setValue('');
                setWrong(undefined);
              }}
            />
            <span>
              <strong>{w.ways[one][0]}</strong>
              <span className="soft small">{w.ways[one][1]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {way !== 'browser' && (
        <div className="field">
          <label htmlFor="link-value">{w.fields[way]}</label>
          <input
            id="link-value"
            ref={valueField}
            key={way}
            type={way === 'email' ? 'email' : 'text'}
            autoComplete="off"
            inputMode={way === 'email' ? 'email' : 'text'}
            spellCheck={false}
            autoCapitalize="none"
            required
            maxLength={254}
            value={value}
            aria-invalid={wrong?.place === 'value'}
            aria-describedby={described('value')}
            onChange={event => setValue(event.target.value)}
          />
        </div>
      )}
      {error('value')}
      <h3>{w.agree}</h3>
      <div className="agreement">
        <h4 lang={notice.language}>{notice.title}</h4>
        <Prose text={notice.text} lang={notice.language} />
        {about.description && <p>{about.description}</p>}
        {about.benefit && (
          <p className="benefit">
            <strong>{t.benefit}:</strong> {about.benefit}
          </p>
        )}
        <p>
          <strong>{t.back}:</strong> <span lang={notice.language}>{notice.withdrawal}</span>
        </p>
        {about.categories.length > 0 && <Facts t={t} language={language} topic={about} />}
      </div>
      <label className="agree">
        <input ref={agreeBox} type="checkbox" required checked={agreed} aria-invalid={wrong?.place === 'agree'} aria-describedby={described('agree')} onChange={event => setAgreed(event.target.checked)} />
        <span lang={notice.language}>{notice.declaration}</span>
      </label>
      {error('agree')}
      <div className="actions">
        <button type="submit" className="filled" aria-disabled={busy}>
          {way === 'browser' ? (busy ? w.joining : w.joinNow) : busy ? t.sending : w.send}
        </button>
        <button type="button" className="quiet" onClick={onCancel}>
          {w.cancel}
        </button>
      </div>
    </form>
  );
}
