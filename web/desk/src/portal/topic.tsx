import {useId} from 'react';
import type {Act, Line, Topic} from './api';
import {Prose} from './parts';
import {country, day, type Language, title, type Words} from './words';

interface Props {
  t: Words;
  language: Language;
  topic: Topic;
  busy: string;
  onSay: (line: Line, act: Act) => void;
}

// A purpose: what it is for, what one gets, and a switch for each way.
export function TopicCard({t, language, topic, busy, onSay}: Props) {
  return (
    <section className="card">
      <h2>{title(topic.title)}</h2>
      {topic.description && <p>{topic.description}</p>}
      {topic.benefit && (
        <p className="benefit">
          <strong>{t.benefit}:</strong> {topic.benefit}
        </p>
      )}
      {topic.lines.map(line => (
        <Choice key={line.channel} t={t} language={language} topic={topic} line={line} busy={busy === `${topic.purpose} ${line.channel}`} onSay={act => onSay(line, act)} />
      ))}
      <Facts t={t} language={language} topic={topic} />
    </section>
  );
}

// Who receives data, which, and for how long.
export function Facts({t, language, topic}: {t: Words; language: Language; topic: Topic}) {
  return (
    <details>
      <summary>{t.more}</summary>
      <dl>
        <dt>{t.recipients}</dt>
        <dd>{topic.recipients.length === 0 ? t.nobody : topic.recipients.map(one => `${one.name} (${country(one.country, language)})`).join(', ')}</dd>
        {topic.categories.length > 0 && (
          <>
            <dt>{t.categories}</dt>
            <dd>{topic.categories.join(', ')}</dd>
          </>
        )}
        <dt>{t.retention}</dt>
        <dd>{topic.retention ? `${topic.retention.count} ${t.units[topic.retention.unit][topic.retention.count === 1 ? 0 : 1]} ${t.sinces[topic.retention.since]}` : t.unsaid}</dd>
      </dl>
    </details>
  );
}

function Choice({t, language, topic, line, busy, onSay}: Omit<Props, 'busy' | 'onSay'> & {line: Line; busy: boolean; onSay: (act: Act) => void}) {
  const id = useId();
  const on = line.state === 'given';
  const notice = line.notice;
  const standing = on
    ? [t.on, line.since && t.since(day(line.since, language)), line.expires_at && t.until(day(line.expires_at, language))]
    : [t.off, line.expired ? t.expired : line.state === 'refused' && line.since ? t.since(day(line.since, language)) : t.never];
  return (
    <div className="choice">
      <div className="choice-line">
        <div>
          <h3 id={`${id}-name`}>{t.channels[line.channel]}</h3>
          <p id={`${id}-standing`} className="soft small">
            {standing.filter(Boolean).join(' · ')}
          </p>
        </div>
        <button
          type="button"
          role="switch"
          className="switch"
          aria-checked={on}
          aria-busy={busy}
          aria-disabled={!on && !notice}
          aria-label={`${title(topic.title)}: ${t.channels[line.channel]}`}
          aria-describedby={`${id}-standing${notice ? ` ${id}-words` : ` ${id}-closed`}`}
          onClick={() => {
            if (on) onSay('withdrawn');
            else if (notice) onSay('given');
          }}
        >
          <span />
        </button>
      </div>
      {notice ? (
        <>
          <p id={`${id}-words`} className="words" lang={notice.language}>
            {notice.declaration}
          </p>
          <details>
            <summary>
              {t.notice}: <span lang={notice.language}>{notice.title}</span>
            </summary>
            <Prose text={notice.text} lang={notice.language} />
            <p className="soft">
              {t.back}: <span lang={notice.language}>{notice.withdrawal}</span>
            </p>
          </details>
        </>
      ) : (
        <p id={`${id}-closed`} className="soft small">
          {t.closed}
        </p>
      )}
    </div>
  );
}
