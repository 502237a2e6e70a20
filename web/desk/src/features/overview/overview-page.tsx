// What happens, in numbers, as it happens.
import {Button, SegmentedControl} from '@mantine/core';
import {IconPlus, IconSearch} from '@tabler/icons-react';
import {Link} from '@tanstack/react-router';
import {useMemo, useState} from 'react';
import {useTranslation} from 'react-i18next';
import type {Schemas} from '../../api/client';
import {useMeaning} from '../../api/meaning';
import {usePurposeText} from '../../api/purposes';
import {type Formats, useFormats} from '../../i18n/format';
import {Bars, type Series, Spark, type Step as ChartStep} from '../../parts/chart';
import {Health} from '../../parts/health';
import {Page, Section} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import type {StreamState} from '../../parts/stream';
import {touchpointName} from '../../parts/touchpoint';
import {useMay, useMember} from '../../session/session';
import classes from './overview.module.css';
import {type Overview, type Span, type Step, useOverview} from './use-overview';
import {Sales} from './sales';

export function OverviewPage() {
  const {t} = useTranslation();
  const may = useMay();
  const {display_name: name, role} = useMember();
  const title = t('overview.title', {name: name.split(/\s+/)[0]});
  if (may('getOverview')) return <Numbers title={title} lead={role === 'executive' ? t('overview.leadGroups') : t('overview.lead')} />;
  return (
    <Page title={title} lead={t('overview.leadPlain')}>
      <div className={classes.columns}>
        {may('searchCustomers') && (
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
    </Page>
  );
}

const spans = ['today', '7d', '28d'] as const;
const days = {today: 1, '7d': 7, '28d': 28} as const;
const kept = 'handschlag.span';

// As it was last looked at, in this browser; first a week, which shows something also early in the morning.
function useSpan(): [Span, (span: Span) => void] {
  const [span, set] = useState<Span>(() => spans.find(known => known === localStorage.getItem(kept)) ?? '7d');
  const choose = (chosen: Span) => {
    localStorage.setItem(kept, chosen);
    set(chosen);
  };
  return [span, choose];
}

function Numbers({title, lead}: {title: string; lead: string}) {
  const {t} = useTranslation();
  const may = useMay();
  const [span, setSpan] = useSpan();
  const [byHour, setByHour] = useState(false);
  const groups = useMember().role === 'executive';
  const step: Step = !groups && (span === 'today' || (span === '7d' && byHour)) ? 'hour' : 'day';
  const {overview, error, state, ask} = useOverview(span, step, groups);
  // What is shown may still be of the span before.
  const fits = overview?.span === span && overview.step === step;
  return (
    <Page
      title={title}
      lead={lead}
      actions={
        <>
          <State state={state} />
          <SegmentedControl
            size="xs"
            role="radiogroup"
            aria-label={t('overview.period')}
            value={span}
            onChange={value => setSpan(value as Span)}
            data={spans.map(value => ({value, label: value === 'today' ? t('overview.spanToday') : t('overview.days', {count: days[value]})}))}
          />
        </>
      }
    >
      {!overview ? (
        error ? (
          <Failed error={error} retry={ask} />
        ) : (
          <Loading lines={6} height={48} />
        )
      ) : overview.sources === 0 ? (
        <FirstSteps />
      ) : (
        <div className="stack" aria-busy={!fits}>
          <Tiles overview={overview} />
          {may('eventDays') && <Sales days={days[span]} overview={overview} />}
          <Touchpoints overview={overview} byHour={byHour} onByHour={span === '7d' && !groups ? setByHour : undefined} />
          <div className={classes.columns}>
            <Refused overview={overview} />
            <div className="stack">
              <Rejected overview={overview} />
              <Section title={t('overview.health')}>
                <Health />
              </Section>
            </div>
          </div>
        </div>
      )}
      {overview?.sources === 0 && (
        <Section title={t('overview.health')}>
          <Health />
        </Section>
      )}
    </Page>
  );
}

function State({state}: {state: StreamState}) {
  const {t} = useTranslation();
  return (
    <p className={classes.live} data-state={state} role="status">
      <span className={classes.dot} aria-hidden />
      {t(`overview.${state}`)}
    </p>
  );
}

// Nothing can arrive yet: what to do first, and what then.
function FirstSteps() {
  const {t} = useTranslation();
  const may = useMay();
  return (
    <section className={`card ${classes.first}`}>
      <h2>{t('overview.firstTitle')}</h2>
      <ol>
        <li>{t('overview.firstSource')}</li>
        <li>{t('overview.firstCode')}</li>
        <li>{t('overview.firstSee')}</li>
      </ol>
      {may('createSource') ? (
        <Button component={Link} to="/sources/new" leftSection={<IconPlus size={16} aria-hidden />}>
          {t('sources.add')}
        </Button>
      ) : (
        <p className="soft small">{t('overview.firstAsk')}</p>
      )}
    </section>
  );
}

const sumOf = (values: number[]) => values.reduce((all, value) => all + value, 0);

function Tiles({overview}: {overview: Overview}) {
  const {t} = useTranslation();
  const format = useFormats();
  const events = overview.steps.map((_, index) => sumOf(overview.touchpoints.map(one => one.steps[index] ?? 0)));
  const tiles = [
    {name: t('overview.events'), steps: events},
    {name: t('overview.newCustomers'), steps: overview.customers.steps, hint: t('overview.newCustomersHint')},
    {name: t('overview.refusedCount'), steps: overview.refused.steps, hint: t('overview.refusedCountHint')},
    {name: t('overview.rejectedCount'), steps: overview.rejected.steps, hint: t('overview.rejectedCountHint')},
  ];
  return (
    <dl className={classes.tiles}>
      {tiles.map(({name, steps, hint}) => {
        const most = Math.max(...steps);
        const at = overview.steps[steps.indexOf(most)];
        return (
          <div key={name} className={classes.tile} title={hint}>
            <dt>{name}</dt>
            <dd>
              {format.number(sumOf(steps))}
              <Spark
                values={steps}
                label={most === 0 || !at ? t('overview.sparkNone') : t('overview.spark', {most: format.number(most), when: stepNames(format, overview, at).long})}
              />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function stepNames(format: Formats, overview: Overview, at: string): ChartStep {
  if (overview.step === 'day') return {key: at, short: format.dayMonth(at), long: format.dayLong(at)};
  if (overview.span === 'today') return {key: at, short: format.time(at), long: format.time(at)};
  return {key: at, short: format.dayMonth(at), long: `${format.dayMonth(at)}, ${format.time(at)}`, labelled: new Date(at).getHours() === 0};
}

function Touchpoints({overview, byHour, onByHour}: {overview: Overview; byHour: boolean; onByHour?: (byHour: boolean) => void}) {
  const {t} = useTranslation();
  const format = useFormats();
  const steps = useMemo(() => overview.steps.map(at => stepNames(format, overview, at)), [overview, format]);
  const series = useMemo<Series[]>(
    () =>
      overview.touchpoints
        .map(one => ({name: touchpointName(t, one.touchpoint ?? t('overview.gone')), values: one.steps}))
        .sort((a, b) => sumOf(b.values) - sumOf(a.values)),
    [overview, t],
  );
  const groups = useMember().role === 'executive';
  const title = t(overview.step === 'day' ? 'overview.perDay' : 'overview.perHour');
  return (
    <Section
      title={title}
      actions={
        onByHour && (
          <SegmentedControl
            size="xs"
            role="radiogroup"
            aria-label={t('overview.steps')}
            value={byHour ? 'hour' : 'day'}
            onChange={value => onByHour(value === 'hour')}
            data={[
              {value: 'day', label: t('overview.byDay')},
              {value: 'hour', label: t('overview.byHour')},
            ]}
          />
        )
      }
    >
      {series.length === 0 ? groups ? <Empty title={t('overview.nothingGroups')} /> : <Empty title={t('overview.nothing')}>{t('overview.nothingHint')}</Empty> : <Bars label={title} steps={steps} series={series} />}
    </Section>
  );
}

interface Reason {
  key: string;
  text: string;
  events: number;
  of: {name: string; events: number}[];
}

function Reasons({reasons}: {reasons: Reason[]}) {
  const format = useFormats();
  const most = Math.max(1, ...reasons.map(reason => reason.events));
  return (
    <ul className={classes.reasons}>
      {reasons.map(reason => (
        <li key={reason.key}>
          <div className={classes.reasonHead}>
            <span>{reason.text}</span>
            <span className="figures">{format.number(reason.events)}</span>
          </div>
          <span className={classes.bar} aria-hidden>
            <span style={{width: `${(100 * reason.events) / most}%`}} />
          </span>
          <p className="soft tiny">
            {reason.of
              .sort((a, b) => b.events - a.events)
              .slice(0, 3)
              .map(({name}) => name)
              .filter(name => name !== '')
              .join(' · ')}
          </p>
        </li>
      ))}
    </ul>
  );
}

interface Counted {
  events: number;
  meaning: Schemas['ReasonMeaning'];
}

// One line a reason, with what it was about below.
function grouped<T extends Counted>(rows: T[], text: (meaning: Schemas['ReasonMeaning']) => string, key: (row: T) => string, of: (row: T) => string): Reason[] {
  const found = new Map<string, Reason>();
  for (const row of rows) {
    const reason = found.get(key(row)) ?? {key: key(row), text: text(row.meaning), events: 0, of: []};
    reason.events += row.events;
    reason.of.push({name: of(row), events: row.events});
    found.set(key(row), reason);
  }
  return [...found.values()].sort((a, b) => b.events - a.events);
}

function Refused({overview}: {overview: Overview}) {
  const {t} = useTranslation();
  const purposeText = usePurposeText();
  const meaning = useMeaning();
  const groups = useMember().role === 'executive';
  const reasons = grouped(overview.refused.reasons, meaning, row => row.rule, row => (row.purpose ? purposeText(row.purpose) : ''));
  return (
    <Section title={t('overview.refused')} hint={t('overview.refusedHint')}>
      {reasons.length === 0 ? <Empty title={t(groups ? 'overview.nothingGroups' : 'sources.nothingRefused')} /> : <Reasons reasons={reasons} />}
    </Section>
  );
}

function Rejected({overview}: {overview: Overview}) {
  const {t} = useTranslation();
  const may = useMay();
  const meaning = useMeaning();
  const reasons = grouped(overview.rejected.reasons, meaning, row => row.code, row => row.source ?? t('overview.nobodyKnown'));
  return (
    <Section title={t('overview.rejected')} hint={t('overview.rejectedHint')}>
      {reasons.length === 0 ? (
        <p className="soft small">{t('overview.nothingRejected')}</p>
      ) : (
        <>
          <Reasons reasons={reasons} />
          {may('listSources') && (
            <p className="small">
              <Link to="/sources">{t('overview.rejectedMore')}</Link>
            </p>
          )}
        </>
      )}
    </Section>
  );
}
