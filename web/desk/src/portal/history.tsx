import {receiptOf, type Statement} from './api';
import {day, type Language, title, type Words} from './words';

const kShown = 6;

const isNo = (act: string) => act === 'refused' || act === 'withdrawn' || act === 'objected';

// Newest first; what was said for several of them at once is one line.
export function History({t, language, history}: {t: Words; language: Language; history: Statement[]}) {
  const lines = new Map<string, Statement>();
  for (const said of history) {
    const key = [said.said_at, said.act, said.purpose, said.channel, said.way].join();
    if (!lines.has(key)) lines.set(key, said);
  }
  const word = (words: Record<string, string>, name: string) => words[name] ?? name;
  const all = [...lines.values()];
  const line = (said: Statement) => {
    const channel = said.channel === 'none' && isNo(said.act) ? t.everyWay : word(t.channels, said.channel);
    return (
      <li key={said.id}>
        <div>
          <p>
            {title(said.title)}: <strong>{word(t.acts, said.act)}</strong>
          </p>
          <p className="soft small">
            <time dateTime={said.said_at}>{day(said.said_at, language)}</time> · {channel} · {word(t.ways, said.way)}
          </p>
        </div>
        <a href={receiptOf(said.id, language)} target="_blank" rel="noreferrer" aria-label={`${t.receiptOf(`${title(said.title)}, ${day(said.said_at, language)}`)} ${t.newTab}`}>
          {t.receipt}
        </a>
      </li>
    );
  };
  return (
    <section className="history">
      <h2>{t.history}</h2>
      {all.length === 0 && <p className="soft">{t.historyEmpty}</p>}
      <ol>{all.slice(0, kShown).map(line)}</ol>
      {all.length > kShown && (
        <details>
          <summary>{t.older}</summary>
          <ol>{all.slice(kShown).map(line)}</ol>
        </details>
      )}
    </section>
  );
}
