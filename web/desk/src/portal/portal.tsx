import {useCallback, useEffect, useState} from 'react';
import mark from '../frame/mark.svg';
import * as api from './api';
import {Choices} from './choices';
import {Message} from './parts';
import {SignIn} from './sign-in';
import {errorText, firstLanguage, keepLanguage, type Language, words} from './words';

type State = {phase: 'asking'} | {phase: 'nobody'; why?: string} | {phase: 'unreachable'; why: string} | {phase: 'in'; address: string};

export function Portal() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [state, setState] = useState<State>({phase: 'asking'});
  const t = words[language];

  useEffect(() => {
    document.documentElement.lang = language;
    document.title = t.title;
  }, [language, t]);

  const look = useCallback(() => {
    setState({phase: 'asking'});
    api.session().then(
      session => setState({phase: 'in', address: session.address}),
      (problem: api.Problem) => setState(problem.status === 401 ? {phase: 'nobody'} : {phase: 'unreachable', why: problem.code}),
    );
  }, []);
  useEffect(look, [look]);

  const choose = (wanted: Language) => {
    keepLanguage(wanted);
    setLanguage(wanted);
  };
  const over = useCallback(() => setState({phase: 'nobody', why: 'session_invalid'}), []);
  const signOut = () => {
    api.signOut().then(() => setState({phase: 'nobody'}), () => look());
  };

  return (
    <>
      <header className="bar">
        <span className="brand">
          <img src={mark} alt="" width="26" height="26" />
          Handschlag
        </span>
        <fieldset className="languages">
          <legend className="away">{t.language}</legend>
          {(['de', 'en'] as const).map(one => (
            <button key={one} type="button" lang={one} aria-pressed={language === one} onClick={() => choose(one)}>
              {one.toUpperCase()} <span className="away">{one === 'de' ? 'Deutsch' : 'English'}</span>
            </button>
          ))}
        </fieldset>
        {state.phase === 'in' && (
          <button type="button" className="quiet" onClick={signOut}>
            {t.signOut}
          </button>
        )}
      </header>
      <main>
        {state.phase === 'unreachable' && (
          <Message tone="bad">
            <p>{errorText(t, state.why)}</p>
            <button type="button" className="plain" onClick={look}>
              {t.retry}
            </button>
          </Message>
        )}
        {state.phase === 'nobody' && <SignIn t={t} language={language} why={state.why} onOpen={session => setState({phase: 'in', address: session.address})} />}
        {state.phase === 'in' && <Choices t={t} language={language} address={state.address} onOver={over} />}
      </main>
    </>
  );
}
