// What happened, newest first, by day. Only what is in sight is drawn, and more is fetched before its end comes near.
import {Button, Select} from '@mantine/core';
import {IconChevronDown, IconChevronRight, IconPhoneIncoming, IconPhoneOutgoing} from '@tabler/icons-react';
import {useInfiniteQuery} from '@tanstack/react-query';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {useWindowVirtualizer} from '@tanstack/react-virtual';
import {memo, useCallback, useEffect, useMemo, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Empty, Failed, Loading} from '../../parts/states';
import {type Customer, sourceName} from './customer';
import {callOf, eventSummary, eventTitle, type TimelineEvent} from './event-words';
import {useTextOf} from '../law/queries';
import {TouchpointIcon, touchpointName} from '../../parts/touchpoint';
import classes from './timeline.module.css';

const types = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;
type EventType = (typeof types)[number];
type Row = {day: string} | {event: TimelineEvent; last: boolean};

function useRows(events: TimelineEvent[]): Row[] {
  return useMemo(() => {
    const rows: Row[] = [];
    let day = '';
    for (const event of events) {
      const its = new Date(event.occurred_at).toDateString();
      if (its !== day) {
        const before = rows.at(-1);
        if (before && 'event' in before) before.last = true;
        rows.push({day: event.occurred_at});
      }
      day = its;
      rows.push({event, last: false});
    }
    return rows;
  }, [events]);
}

export function Timeline({id, purpose, customer}: {id: string; purpose: string; customer: Customer}) {
  const {t} = useTranslation();
  const {touchpoint, type} = useSearch({from: '/customers/$id'});
  const navigate = useNavigate({from: '/customers/$id'});
  const textOf = useTextOf();
  const filterType = types.find(known => known === type);
  const query = useInfiniteQuery({
    queryKey: ['customers', id, 'timeline', purpose, touchpoint, filterType],
    queryFn: ({pageParam}) =>
      take(
        api.GET('/api/v1/customers/{id}/timeline', {
          params: {path: {id}, query: {purpose, touchpoint, type: filterType, limit: 100, cursor: pageParam}},
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
    // Pages don't change: to compare all of them with themselves at each new one takes longer than to draw it.
    structuralSharing: false,
  });
  const events = useMemo(() => query.data?.pages.flatMap(page => page.items) ?? [], [query.data]);
  const withheld = [...new Set(query.data?.pages.flatMap(page => page.withheld.map(each => textOf(each.reason))) ?? [])];
  const set = (change: {touchpoint?: string; type?: string}) =>
    void navigate({search: before => ({...before, ...change}), replace: true, resetScroll: false});

  return (
    <div className="stack">
      <div className={classes.filters}>
        <Select
          aria-label={t('timeline.touchpoint')}
          placeholder={t('timeline.allTouchpoints')}
          clearable
          clearButtonProps={{'aria-label': t('timeline.allTouchpoints')}}
          value={touchpoint ?? null}
          onChange={value => set({touchpoint: value ?? undefined})}
          data={customer.counters.touchpoints.map(({touchpoint: name}) => ({value: name, label: touchpointName(t, name)}))}
        />
        <Select
          aria-label={t('timeline.type')}
          placeholder={t('timeline.allTypes')}
          clearable
          clearButtonProps={{'aria-label': t('timeline.allTypes')}}
          value={filterType ?? null}
          onChange={value => set({type: value ?? undefined})}
          data={types.map(name => ({value: name, label: t(`types.${name satisfies EventType}`)}))}
        />
      </div>
      {withheld.map(text => (
        <p key={text} className={classes.withheld}>
          {t('timeline.withheld', {reason: text})}
        </p>
      ))}
      {query.isPending ? (
        <Loading lines={8} height={44} />
      ) : query.error && events.length === 0 ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : events.length === 0 ? (
        <Empty title={t('timeline.empty')}>{touchpoint || filterType ? t('timeline.emptyFilter') : t('timeline.emptyHint')}</Empty>
      ) : (
        <List
          customer={customer}
          events={events}
          more={query.hasNextPage}
          failed={query.isFetchNextPageError}
          loading={query.isFetchingNextPage}
          onMore={() => void query.fetchNextPage()}
        />
      )}
    </div>
  );
}

interface ListProps {
  customer: Customer;
  events: TimelineEvent[];
  more: boolean;
  failed: boolean;
  loading: boolean;
  onMore: () => void;
}

function List({customer, events, more, failed, loading, onMore}: ListProps) {
  const {t} = useTranslation();
  const format = useFormats();
  const rows = useRows(events);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const list = useRef<HTMLElement>(null);
  const [margin, setMargin] = useState(0);
  useEffect(() => {
    const place = () => setMargin((list.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    place();
    const watcher = new ResizeObserver(place);
    watcher.observe(document.body);
    return () => watcher.disconnect();
  }, []);
  // The same function as long as the rows are the same: with a new one the virtualizer measures all of them anew.
  const keyOf = useCallback(
    (index: number) => {
      const row = rows[index]!;
      return 'day' in row ? `day ${row.day}` : row.event.id;
    },
    [rows],
  );
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: index => ('day' in rows[index]! ? 48 : 66),
    getItemKey: keyOf,
    overscan: 12,
    scrollMargin: margin,
    useFlushSync: false,  // lines are drawn ahead of what is in sight: the browser may scroll first
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && !loading && !failed && last > rows.length - 30) onMore();
  }, [more, loading, failed, last, rows.length, onMore]);

  const toggle = useCallback((id: string) => {
    setOpen(before => {
      const now = new Set(before);
      if (!now.delete(id)) now.add(id);
      return now;
    });
  }, []);

  return (
    <>
      <section ref={list} className={classes.list} style={{height: virtual.getTotalSize()}} aria-label={t('timeline.title')} aria-busy={loading}>
        {items.map(item => {
          const row = rows[item.index]!;
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtual.measureElement}
              className={classes.slot}
              style={{top: item.start - margin}}
            >
              {'day' in row ? (
                <h3 className={classes.day}>{format.dayLong(row.day)}</h3>
              ) : (
                <Event event={row.event} source={sourceName(customer, row.event.source)} last={row.last} open={open.has(row.event.id)} onToggle={toggle} />
              )}
            </div>
          );
        })}
      </section>
      {loading && <Loading lines={2} height={44} />}
      {failed && (
        <Button variant="default" onClick={onMore}>
          {t('timeline.retryMore')}
        </Button>
      )}
      {!more && <p className={`soft small ${classes.end}`}>{t('timeline.end', {count: events.length})}</p>}
    </>
  );
}

interface EventProps {
  event: TimelineEvent;
  source: string;
  last: boolean;
  open: boolean;
  onToggle: (id: string) => void;
}

// Drawn once, however far one scrolls.
const Event = memo(function Event({event, source, last, open, onToggle}: EventProps) {
  const {t} = useTranslation();
  const format = useFormats();
  const summary = eventSummary(t, format, event);
  const call = callOf(event);
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <article className={classes.event} data-last={last || undefined} aria-label={`${eventTitle(t, event)}, ${format.time(event.occurred_at)}`}>
      <span className={classes.sign}>
        {call ? call.outbound ? <IconPhoneOutgoing size={16} stroke={1.7} aria-hidden /> : <IconPhoneIncoming size={16} stroke={1.7} aria-hidden /> : <TouchpointIcon touchpoint={event.touchpoint} />}
      </span>
      <div className={classes.words}>
        <button type="button" className={classes.head} aria-expanded={open} onClick={() => onToggle(event.id)}>
          <span className={classes.title}>{eventTitle(t, event)}</span>
          <Chevron size={15} aria-hidden className={classes.chevron} />
        </button>
        {summary.length > 0 && <p className={classes.summary}>{summary.join(' · ')}</p>}
        {call?.verification && (
          <Chip tone={call.verification === 'not_verified' ? 'warn' : 'good'}>{t(`verification.${call.verification}`)}</Chip>
        )}
        {event.damaged && <p className={classes.summary}>{t('timeline.damaged')}</p>}
        {open && <Details event={event} source={source} />}
      </div>
      <div className={classes.side}>
        {event.trust === 'public' && <Chip title={t('timeline.claimHint')}>{t('timeline.claim')}</Chip>}
        <span className="soft">{touchpointName(t, event.touchpoint ?? '')}</span>
        <time dateTime={event.occurred_at} title={format.exact(event.occurred_at)}>
          {format.time(event.occurred_at)}
        </time>
      </div>
    </article>
  );
});

function flatten(value: unknown, path = ''): [string, string][] {
  if (value === null || typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, path ? `${path}.${name}` : name));
}

function Details({event, source}: {event: TimelineEvent; source: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const parts = [
    ['properties', event.properties],
    ['traits', event.traits],
    ['context', event.context],
  ] as const;
  return (
    <div className={classes.details}>
      <dl className="facts">
        <dt>{t('timeline.happened')}</dt>
        <dd>{format.exact(event.occurred_at)}</dd>
        <dt>{t('timeline.source')}</dt>
        <dd>{source}</dd>
        <dt>{t('timeline.identity')}</dt>
        <dd>{event.identity}</dd>
        <dt>{t('timeline.kept')}</dt>
        <dd>
          <ul className={classes.purposes}>
            {event.purposes.map(name => (
              <li key={name}>{purposeText(name)}</li>
            ))}
          </ul>
        </dd>
      </dl>
      {parts.map(([name, value]) => {
        const lines = value ? flatten(value) : [];
        return lines.length === 0 ? null : (
          <div key={name}>
            <h4 className={classes.part}>{t(`timeline.${name}`)}</h4>
            <dl className="facts">
              {lines.map(([path, text]) => (
                <div key={path} className={classes.fact}>
                  <dt>{path}</dt>
                  <dd>{text}</dd>
                </div>
              ))}
            </dl>
          </div>
        );
      })}
    </div>
  );
}
