import {useCallback, useEffect, useState} from 'react';
import * as api from './api';
import {History} from './history';
import {Linking} from './linking';
import {Heading, Message} from './parts';
import {TopicCard} from './topic';
import {errorText, type Language, title, type Words} from './words';

// What was done last: told until it is closed or something else is done.
interface Told {
  text: string;
  receipt?: string;
  undo?: () => void;
}

function find(consents: api.Consents, topic: api.Topic, line: api.Line): api.Line | undefined {
  return consents.topics.find(one => one.purpose === topic.purpose)?.lines.find(one => one.channel === line.channel);
}

export function Choices({t, language, address, onOver}: {t: Words; language: Language; address: string; onOver: () => void}) {
  const [consents, setConsents] = useState<api.Consents>();
  const [error, setError] = useState<string>();
  const [told, setTold] = useState<Told>();
  const [busy, setBusy] = useState('');

  const fail = useCallback(
    (problem: unknown) => {
      const code = problem instanceof api.Problem ? problem.code : 'other';
      if (code === 'session_invalid') onOver();
      setError(code);
      return code;
    },
    [onOver],
  );
  const load = useCallback(() => {
    api.consents(language).then(now => {
      setConsents(now);
      setError(undefined);
    }, fail);
  }, [language, fail]);
  useEffect(load, [load]);

  const change = async (name: string, work: () => Promise<api.Consents>, tell: (now: api.Consents) => Told) => {
    if (busy) return;
    setBusy(name);
    setError(undefined);
    setTold(undefined);
    try {
      const now = await work();
      setConsents(now);
      setTold(tell(now));
    } catch (problem) {
      // What is shown is what holds: a text that was changed meanwhile is shown anew.
      if (fail(problem) === 'notice_changed') api.consents(language).then(setConsents, fail);
    }
    setBusy('');
  };

  const say = (topic: api.Topic, line: api.Line, act: api.Act, undoes = false) =>
    change(
      `${topic.purpose} ${line.channel}`,
      () => api.say(topic, line, act, language),
      now => {
        const after = find(now, topic, line);
        const what = `${title(topic.title)}: ${t.channels[line.channel]}`;
        const receipt = now.history[0]?.id;
        if (act === 'given' && after?.state !== 'given') return {text: t.saved.held, receipt};
        // What was never allowed can't be allowed by undoing: that takes a yes.
        const back: api.Act | undefined = act === 'given' ? 'withdrawn' : line.state === 'given' && after?.notice && now.known ? 'given' : undefined;
        return {
          text: undoes ? t.saved.undone : act === 'given' ? t.saved.given(what) : t.saved.no(what),
          receipt,
          undo: after && back && !undoes ? () => void say(topic, after, back, true) : undefined,
        };
      },
    );

  const endAll = () => change('all', () => api.endAdvertising(language), now => ({text: t.saved.all, receipt: now.history[0]?.id}));

  return (
    <>
      <Heading>{t.title}</Heading>
      <p className="lead">
        {t.for} <strong className="address">{address}</strong>
      </p>
      {error && (
        <Message tone="bad">
          <p>{errorText(t, error)}</p>
          {!consents && (
            <button type="button" className="plain" onClick={load}>
              {t.retry}
            </button>
          )}
        </Message>
      )}
      {consents && !consents.known && (
        <section className="card">
          <h2>{t.unknownTitle}</h2>
          <p>{t.unknown}</p>
        </section>
      )}
      {consents?.known && consents.topics.length === 0 && (
        <section className="card">
          <h2>{t.nothingTitle}</h2>
          <p>{t.nothing}</p>
        </section>
      )}
      {consents?.known && consents.topics.map(topic => <TopicCard key={topic.purpose} t={t} language={language} topic={topic} busy={busy} onSay={(line, act) => void say(topic, line, act)} />)}
      {consents && (
        <section className="card all">
          <h2>{t.allTitle}</h2>
          {consents.advertising === 'ended' ? (
            <p>{consents.known ? t.allDone : t.allDoneUnknown}</p>
          ) : (
            <>
              {consents.known && <p>{t.all}</p>}
              <button type="button" className="plain" aria-disabled={busy !== ''} onClick={() => void endAll()}>
                {t.allDo}
              </button>
            </>
          )}
        </section>
      )}
      {consents?.known && (
        <Linking
          t={t}
          language={language}
          onOver={onOver}
          onDone={(text, receipt) => {
            setTold({text, receipt});
            load(); // what holds between two addresses may be another now
          }}
        />
      )}
      {consents?.known && <History t={t} language={language} history={consents.history} />}
      {consents && (
        <footer className="soft small">
          {consents.known && <p>{t.phones}</p>}
          <p>
            {t.shared} {t.ends}
          </p>
        </footer>
      )}
      <div className="told" role="status">
        {told && (
          <div className="told-card">
            <p>{told.text}</p>
            <div className="told-actions">
              {told.undo && (
                <button type="button" onClick={told.undo}>
                  {t.undo}
                </button>
              )}
              {told.receipt && (
                <a href={api.receiptOf(told.receipt, language)} target="_blank" rel="noreferrer">
                  {t.receipt} <span className="away">{t.newTab}</span>
                </a>
              )}
              <button type="button" onClick={() => setTold(undefined)}>
                {t.close}
              </button>
            </div>
          </div>
        )}
      </div>
    </>
  );
}
