// What arrives from a source at this moment, and what becomes of it: a stream from the server, newest first. It says
// nothing about people, so no purpose is asked for.
import {Button} from '@mantine/core';
import {IconPlayerPause, IconPlayerPlay} from '@tabler/icons-react';
import {useQueryClient} from '@tanstack/react-query';
import {useEffect, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import type {Schemas} from '../../api/client';
import {useMeaning} from '../../api/meaning';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Section} from '../../parts/page';
import {useRefresh} from '../../parts/refresh';
import classes from './live.module.css';

const most = 100; // lines

type Report = Schemas['SourceReport'];
type State = 'waiting' | 'on' | 'paused' | 'broken';
interface Line {
  id: number;
  at: string;
  event: Report['events'][number];
  again: boolean; // it had been stored before
  stored: boolean;
}

function useLive(source: string) {
  const [lines, setLines] = useState<Line[]>([]);
  const [state, setState] = useState<State>('waiting');
  const [missed, setMissed] = useState(0);
  const next = useRef(0);
  const queries = useQueryClient();
  const [paused, setPaused] = useState(false);
  useEffect(() => {
    if (paused) return setState('paused');
    let stream: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      stream = new EventSource(`/api/v1/sources/${encodeURIComponent(source)}/live`);
      stream.addEventListener('watching', () => setState('on'));
      stream.addEventListener('taken', message => {
        const report = JSON.parse((message as MessageEvent<string>).data) as Report;
        const fresh = report.events.map(event => ({
          id: ++next.current,
          at: report.at,
          event,
          again: report.known > 0 && report.known === report.count,
          stored: report.stored,
        }));
        setMissed(before => before + report.skipped + report.count - report.events.length);
        setLines(before => [...fresh.reverse(), ...before].slice(0, most));
      });
      // A quarter of an hour has passed, or one may not watch any more: then nor may one see the source, and the page
      // says so.
      stream.addEventListener('over', () => {
        stream?.close();
        void queries.invalidateQueries({queryKey: ['sources', source]});
        open();
      });
      stream.onerror = () => {
        setState('broken');
        // The browser tries again by itself, unless it was refused.
        if (stream?.readyState === EventSource.CLOSED) timer = setTimeout(open, 10_000);
      };
    };
    setState('waiting');
    open();
    return () => {
      clearTimeout(timer);
      stream?.close();
    };
  }, [source, paused, queries]);
  return {lines, state, missed, paused, setPaused};
}

const tones = {linked: 'good', unlinked: 'accent', refused: 'warn', rejected: 'bad'} as const;

export function Live({source}: {source: string}) {
  const {t} = useTranslation();
  const {lines, state, missed, paused, setPaused} = useLive(source);
  const queries = useQueryClient();
  // The sums beside it.
  useRefresh(source, `${lines[0]?.id} ${missed}`, () => {
    void queries.invalidateQueries({queryKey: ['totals', source]});
    void queries.invalidateQueries({queryKey: ['refusals']});
  });
  return (
    <Section
      title={t('live.title')}
      hint={t('live.hint')}
      actions={
        <Button
          variant="default"
          size="compact-md"
          leftSection={paused ? <IconPlayerPlay size={16} aria-hidden /> : <IconPlayerPause size={16} aria-hidden />}
          onClick={() => setPaused(!paused)}
        >
          {paused ? t('live.goOn') : t('live.pause')}
        </Button>
      }
    >
      <p className={classes.state} data-state={state} role="status">
        <span className={classes.dot} aria-hidden />
        {t(`live.${state}`)}
      </p>
      {lines.length === 0 ? (
        <p className="soft small">{t('live.empty')}</p>
      ) : (
        <ol className={classes.lines} aria-label={t('live.title')}>
          {lines.map(line => (
            <LiveLine key={line.id} line={line} />
          ))}
        </ol>
      )}
      {missed > 0 && <p className="soft tiny">{t('live.missed', {count: missed})}</p>}
    </Section>
  );
}

function LiveLine({line}: {line: Line}) {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const meaning = useMeaning();
  const {event} = line;
  const name = event.name ?? (event.type ? t(`types.${event.type as 'track'}`, {defaultValue: event.type}) : t('live.unreadable'));
  const known = line.stored && line.again && event.outcome !== 'rejected';
  return (
    <li className={classes.line}>
      <time dateTime={line.at} title={format.exact(line.at)}>
        {format.clock(line.at)}
      </time>
      <div className={classes.words}>
        <p className={classes.name}>{name}</p>
        {event.reasons.map(({subject, reason, meaning: its, detail}) => (
          <p key={`${subject} ${reason}`} className="soft tiny">
            {subject && <span>{purposeText(subject)}: </span>}
            {meaning(its)}
            {detail && (
              <span className={classes.detail} lang="en">
                {detail}
              </span>
            )}
          </p>
        ))}
      </div>
      {!line.stored ? (
        <Chip tone="bad">{t('live.notStored')}</Chip>
      ) : known ? (
        <Chip>{t('live.known')}</Chip>
      ) : (
        <Chip tone={tones[event.outcome]} title={t(`live.${event.outcome}Hint`)}>
          {t(`live.${event.outcome}`)}
        </Chip>
      )}
    </li>
  );
}
