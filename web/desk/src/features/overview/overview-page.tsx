import {Button, SegmentedControl} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {useMemo, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Bars, type Series} from '../../parts/chart';
import {Health} from '../../parts/health';
import {Page, Section} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import {touchpointName} from '../../parts/touchpoint';
import {useMay, useMember} from '../../session/session';
import classes from './overview.module.css';

const refresh = 10_000; // milliseconds
type Day = Schemas['EventDayPage']['items'][number];

export function OverviewPage() {
  const {t} = useTranslation();
  const may = useMay();
  const {display_name: name, role} = useMember();
  const lead = role === 'executive' ? t('overview.leadGroups') : may('eventDays') ? t('overview.lead') : t('overview.leadPlain');
  return (
    <Page title={t('overview.title', {name: name.split(/\s+/)[0]})} lead={lead}>
      {may('eventDays') && <Numbers />}
      <div className={classes.columns}>
        {may('eventRefusals') && <Refusals />}
        <div className="stack">
          {!may('eventDays') && may('searchCustomers') && (
            <Section title={t('overview.start')}>
              <div className="stack">
                <p className="soft small">{t('overview.startText')}</p>
                <div>
                  <Button component={Link} to="/customers" leftSection={<IconSearch size={16} aria-hidden />}>
                    {t('customers.find')}
                  </Button>
                </div>
              </div>
            </Section>
          )}
          <Section title={t('overview.health')}>
            <Health />
          </Section>
        </div>
      </div>
    </Page>
  );
}

// The days from the first to today, in UTC, as the server counts them.
function daysUntilToday(count: number): string[] {
  const today = Date.now();
  return Array.from({length: count}, (_, index) => new Date(today - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10));
}

function useTouchpoints() {
  const may = useMay();
  const {data} = useQuery({
    queryKey: ['sources', 'touchpoints'],
    enabled: may('listSources'),
    queryFn: () => take(api.GET('/api/v1/sources', {params: {query: {limit: 200}}})),
    staleTime: 60_000,
  });
  return useMemo(() => new Map(data?.items.map(source => [source.id, source.touchpoint])), [data]);
}

function Numbers() {
  const {t} = useTranslation();
  const [count, setCount] = useState(30);
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['days', count],
    queryFn: () => take(api.GET('/api/v1/events/days', {params: {query: {days: count}}})),
    refetchInterval: refresh,
    placeholderData: keepPreviousData,
  });
  const touchpoints = useTouchpoints();
  const days = useMemo(() => daysUntilToday(count), [count]);
  const series = useMemo<Series[]>(() => {
    const at = new Map(days.map((day, index) => [day, index]));
    const found = new Map<string, number[]>();
    for (const row of data?.items ?? []) {
      const index = at.get(row.day);
      if (row.measure !== 'events' || index === undefined) continue;
      const name = touchpointName(t, touchpoints.get(row.source) ?? row.source);
      const values = found.get(name) ?? days.map(() => 0);
      values[index]! += row.events;
      found.set(name, values);
    }
    const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
    return [...found].map(([name, values]) => ({name, values})).sort((a, b) => sum(b.values) - sum(a.values));
  }, [data, days, touchpoints, t]);

  return (
    <>
      {isPending ? (
        <Loading lines={4} height={48} />
      ) : error ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : (
        <>
          <Tiles rows={data.items} days={days} />
          <Section
            title={t('overview.perDay')}
            actions={
              <SegmentedControl
                size="xs"
                role="radiogroup"
                aria-label={t('overview.period')}
                value={String(count)}
                onChange={value => setCount(Number(value))}
                data={[7, 30, 90].map(value => ({value: String(value), label: t('overview.days', {count: value})}))}
              />
            }
          >
            {series.length === 0 ? (
              <Empty title={t('overview.nothing')}>{t('overview.nothingHint')}</Empty>
            ) : (
              <Bars label={t('overview.perDay')} days={days} series={series} />
            )}
          </Section>
        </>
      )}
    </>
  );
}

function Tiles({rows, days}: {rows: Day[]; days: string[]}) {
  const {t} = useTranslation();
  const format = useFormats();
  const today = days.at(-1);
  const shown = rows.filter(row => days.includes(row.day));
  const sum = (wanted: (row: Day) => boolean) => shown.filter(wanted).reduce((all, row) => all + row.events, 0);
  const money = new Map<string | null, number>();
  for (const row of shown) {
    if (row.measure === 'orders' && row.amount) money.set(row.currency ?? null, (money.get(row.currency ?? null) ?? 0) + Number(row.amount));
  }
  const orders = sum(row => row.measure === 'orders');
  const refunds = sum(row => row.measure === 'refunds');
  return (
    <dl className={classes.tiles}>
      <div className={classes.tile}>
        <dt>{t('overview.today')}</dt>
        <dd>{format.number(sum(row => row.measure === 'events' && row.day === today))}</dd>
      </div>
      <div className={classes.tile}>
        <dt>{t('overview.events')}</dt>
        <dd>{format.number(sum(row => row.measure === 'events'))}</dd>
      </div>
      <div className={classes.tile}>
        <dt>{t('overview.orders')}</dt>
        <dd>{format.number(orders)}</dd>
      </div>
      <div className={classes.tile}>
        <dt>{t('overview.ordered')}</dt>
        <dd>
          {[...money]
            .sort((a, b) => b[1] - a[1])
            .map(([currency, amount], index) => (
              <span key={currency ?? ''} className={index > 0 ? classes.lesser : undefined}>
                {format.moneyRound(amount, currency)}
              </span>
            ))}
          {money.size === 0 && '–'}
        </dd>
      </div>
      <div className={classes.tile}>
        <dt>{t('overview.refunds')}</dt>
        <dd>
          {format.number(refunds)}
          {orders > 0 && <span className={classes.lesser}>{t('overview.ofOrders', {share: format.percent(refunds / orders), count: orders})}</span>}
        </dd>
      </div>
    </dl>
  );
}

function Refusals() {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['refusals'],
    queryFn: () => take(api.GET('/api/v1/events/refusals')),
    refetchInterval: refresh,
  });
  const reasons = new Map<string, {events: number; subjects: Map<string, number>}>();
  for (const row of data?.items ?? []) {
    const reason = reasons.get(row.reason) ?? {events: 0, subjects: new Map<string, number>()};
    reason.events += row.events;
    reason.subjects.set(row.subject, (reason.subjects.get(row.subject) ?? 0) + row.events);
    reasons.set(row.reason, reason);
  }
  const sorted = [...reasons].sort((a, b) => b[1].events - a[1].events);
  const most = Math.max(1, ...sorted.map(([, reason]) => reason.events));
  return (
    <Section title={t('overview.refused')} hint={t('overview.refusedHint')}>
      {isPending ? (
        <Loading lines={5} />
      ) : error ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : sorted.length === 0 ? (
        <Empty title={t('sources.nothingRefused')} />
      ) : (
        <ul className={classes.reasons}>
          {sorted.map(([name, reason]) => (
            <li key={name}>
              <div className={classes.reasonHead}>
                <span>{t(`reasons.${name as 'consent_missing'}`, {defaultValue: name})}</span>
                <span className="figures">{format.number(reason.events)}</span>
              </div>
              <span className={classes.bar} aria-hidden>
                <span style={{width: `${(100 * reason.events) / most}%`}} />
              </span>
              <p className="soft tiny">
                {[...reason.subjects]
                  .sort((a, b) => b[1] - a[1])
                  .slice(0, 3)
                  .map(([subject]) => purposeText(subject))
                  .join(' · ')}
              </p>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
