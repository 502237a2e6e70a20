import {useCallback, useEffect, useRef, useState} from 'react';
import * as api from './api';
import {LinkForm} from './link-form';
import {linkError, linkWords, type LinkWords, wordOf} from './link-words';
import {Message} from './parts';
import {day, type Language, moment, type Words} from './words';

type Line = api.Links['links'][number];

interface Props {
  t: Words;
  language: Language;
  onOver: () => void;
  // Tells what was done, with the statement whose receipt can be kept.
  onDone: (text: string, statement?: string) => void;
}

// What belongs together: seen, taken apart by one press, and more joined by a proof and a yes.
export function Linking({t, language, onOver, onDone}: Props) {
  const w = linkWords[language];
  const [now, setNow] = useState<api.Links>();
  const [problem, setProblem] = useState<api.Problem>();
  const [adding, setAdding] = useState(false);
  const [fresh, setFresh] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const goal = useRef<'heading' | 'opener'>(undefined);

  // Whoever pressed what is gone now goes on where it was.
  useEffect(() => {
    if (goal.current) (goal.current === 'opener' ? opener : heading).current?.focus();
    goal.current = undefined;
  }, [adding, now]);

  const fail = useCallback(
    (thrown: unknown) => {
      const one = thrown instanceof api.Problem ? thrown : new api.Problem(0, 'other');
      if (one.code === 'session_invalid') onOver();
      setProblem(one);
    },
    [onOver],
  );
  const load = useCallback(
    () =>
      api.links(language).then(links => {
        setNow(links);
        setProblem(undefined);
      }, fail),
    [language, fail],
  );
  useEffect(() => void load(), [load]);

  const joined = (after: api.Links) => {
    const before = new Set(now?.links.map(line => line.id));
    setFresh(after.links.map(line => line.id).filter(id => !before.has(id)));
    goal.current = 'heading';
    setAdding(false);
    setNow(after);
    onDone(w.joined, after.links.find(line => !before.has(line.id))?.statement ?? undefined);
  };

  const end = async (line: Line) => {
    if (busy || !now) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const after = await api.endLink(line.id, language);
      const apart = now.links.filter(one => !after.links.some(other => other.id === one.id)).length;
      goal.current = 'heading';
      setNow(after);
      onDone(apart > 1 ? w.endedAll : w.ended, after.history[0]?.id);
    } catch (thrown) {
      fail(thrown);
      if (thrown instanceof api.Problem && thrown.code === 'link_unknown') void api.links(language).then(setNow, fail);
    }
    setBusy(false);
  };

  const offered = now?.notice ?? undefined;
  const own = now?.links.filter(line => line.by_leave) ?? [];
  return (
    <section className="card" aria-labelledby="linking">
      <h2 id="linking" ref={heading} tabIndex={-1}>
        {w.title}
      </h2>
      {problem && (
        <Message tone="bad">
          <p>{linkError(t, w, problem)}</p>
          {!now && (
            <button type="button" className="plain" onClick={() => void load()}>
              {t.retry}
            </button>
          )}
        </Message>
      )}
      {!now && !problem && <p className="soft">{w.loading}</p>}
      {now && offered && <p>{w.lead}</p>}
      {now && now.links.length === 0 && !adding && <p className="soft">{w.none}</p>}
      {now && now.links.length > 0 && (
        <ul className="links" aria-label={w.list}>
          {now.links.map(line => (
            <LinkLine key={line.id} t={t} w={w} language={language} line={line} fresh={fresh.includes(line.id)} busy={busy} onEnd={() => void end(line)} />
          ))}
        </ul>
      )}
      {own.length > 0 && <p className="soft small">{w.takeBackHint}</p>}
      {now && own.length < now.links.length && <p className="soft small">{w.notYours}</p>}
      {now && !offered && <p className="soft small">{w.closed}</p>}
      {now && now.history.length > 0 && <Said t={t} w={w} language={language} history={now.history} />}
      {now && offered && !adding && (
        <button
          type="button"
          className="plain"
          ref={opener}
          onClick={() => {
            setProblem(undefined);
            setAdding(true);
          }}
        >
          {own.length > 0 ? w.addMore : w.add}
        </button>
      )}
      {now && offered && adding && (
        <LinkForm
          t={t}
          w={w}
          language={language}
          notice={offered}
          about={now.about}
          onJoined={joined}
          onCancel={() => {
            goal.current = 'opener';
            setAdding(false);
          }}
          onChanged={() => void load()}
          onOver={onOver}
        />
      )}
    </section>
  );
}

function LinkLine({t, w, language, line, fresh, busy, onEnd}: {t: Words; w: LinkWords; language: Language; line: Line; fresh: boolean; busy: boolean; onEnd: () => void}) {
  const what = wordOf(w.kinds, line.kind);
  const since = moment(line.since, language);
  return (
    <li data-fresh={fresh}>
      <div>
        <h3>{what}</h3>
        <p className="soft small">
          {line.by_leave ? w.byLeave(since) : w.byUs(wordOf(w.bases, line.basis), since)}
          {line.statement && (
            <>
              {' · '}
              <ReceiptLink t={t} language={language} id={line.statement} what={`${what}, ${since}`} />
            </>
          )}
        </p>
      </div>
      {line.by_leave && (
        <button type="button" className="plain" aria-disabled={busy} aria-label={w.takeBackOf(`${what}, ${since}`)} onClick={onEnd}>
          {w.takeBack}
        </button>
      )}
    </li>
  );
}

function Said({t, w, language, history}: {t: Words; w: LinkWords; language: Language; history: api.Links['history']}) {
  return (
    <details>
      <summary>{w.said}</summary>
      <ol className="said">
        {history.map(one => (
          <li key={one.id}>
            <span>
              {day(one.said_at, language)}: <strong>{t.acts[one.act]}</strong>
            </span>
            <ReceiptLink t={t} language={language} id={one.id} what={`${t.acts[one.act]}, ${moment(one.said_at, language)}`} />
          </li>
        ))}
      </ol>
    </details>
  );
}

function ReceiptLink({t, language, id, what}: {t: Words; language: Language; id: string; what: string}) {
  return (
    <a className="small" href={api.receiptOf(id, language)} target="_blank" rel="noreferrer" aria-label={`${t.receiptOf(what)} ${t.newTab}`}>
      {t.receipt}
    </a>
  );
}
