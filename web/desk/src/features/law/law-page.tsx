// The law by country, at a glance, and what of it will change.
import {IconInfoCircle} from '@tabler/icons-react';
import {createColumnHelper} from '@tanstack/react-table';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {useFormats} from '../../i18n/format';
import {ListSection} from '../../parts/data-table';
import {Page, Section} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import classes from './law.module.css';
import {LawTabs} from './law-tabs';
import {LawEffect} from './effect';
import {usePeopleThere} from './people';
import {type Channel, type Place, type Topic, useLaw, useLawChanges, usePlaceName, useTextOf} from './queries';
import {dayText, NormWords, normText} from './words';

export function NoAdvice() {
  const {t} = useTranslation();
  return (
    <p className={classes.note} role="note">
      <IconInfoCircle size={18} aria-hidden />
      {t('law.noAdvice')}
    </p>
  );
}

export function LawPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/law'});
  const navigate = useNavigate({from: '/law'});
  const {data, ...list} = useLaw();
  const columns = useColumns();
  const rows = useRows(data?.jurisdictions);
  return (
    <Page title={t('pages.law')} lead={t('law.lead')}>
      <LawTabs />
      <NoAdvice />
      <ListSection
        list={{...list, data: rows}}
        label={t('pages.law')}
        columns={columns}
        search={search}
        onSearch={change => void navigate({search: change, replace: true, resetScroll: false})}
        searchLabel={t('law.search')}
        empty={<Empty title={t('law.empty')} />}
      />
      <Changes />
    </Page>
  );
}

// By name; what holds everywhere else stands at the end.
function useRows(places: Place[] | undefined) {
  const format = useFormats();
  const textOf = useTextOf();
  return useMemo(() => {
    const last = (place: Place) => Number(place.code === '*');
    return places && [...places].sort((a, b) => last(a) - last(b) || format.compare(textOf(a.name), textOf(b.name)));
  }, [places, format, textOf]);
}

function normOf(place: Place, topic: Topic, channel: Channel) {
  return place.norms.find(norm => norm.topic === topic && norm.channel === channel);
}

function useColumns() {
  const {t} = useTranslation();
  const textOf = useTextOf();
  const placeName = usePlaceName();
  return useMemo(() => {
    const column = createColumnHelper<Place>();
    const glance = (id: 'mail' | 'call' | 'ask', topic: Topic, channel: Channel) =>
      column.accessor(
        place => {
          const norm = normOf(place, topic, channel);
          return norm ? normText(t, norm) : '';
        },
        {
          id,
          header: t(`law.${id}`),
          meta: {label: t(`law.${id}`)},
          cell: ({row}) => {
            const norm = normOf(row.original, topic, channel);
            return norm ? <NormWords norm={norm} /> : <span className="soft">{t('law.groupOnly')}</span>;
          },
        },
      );
    return [
      column.accessor(place => `${textOf(place.name)} ${place.code}`, {
        id: 'name',
        header: t('law.country'),
        cell: ({row}) => (
          <span className="wrap">
            <Link to="/law/$code" params={{code: row.original.code}}>
              {textOf(row.original.name)}
            </Link>{' '}
            {row.original.code !== '*' && <span className="soft tiny">{row.original.code}</span>}
          </span>
        ),
      }),
      column.accessor(place => (place.within ? placeName(place.within) : ''), {
        id: 'within',
        header: t('law.within'),
        meta: {label: t('law.within')},
        cell: ({getValue}) => getValue() || <span className="soft">–</span>,
      }),
      glance('mail', 'advertising', 'email'),
      glance('call', 'advertising', 'phone'),
      glance('ask', 'survey', 'email'),
      column.accessor('unverified_count', {
        header: t('law.rules'),
        meta: {label: t('law.rules'), short: true},
        cell: ({row: {original: place}}) => <Verified place={place} />,
      }),
    ];
  }, [t, textOf, placeName]);
}

function Verified({place}: {place: Place}) {
  const {t} = useTranslation();
  const all = place.rule_count;
  if (all === 0) return <span className="soft">{t('law.noRules')}</span>;
  return place.unverified_count === 0 ? t('law.allVerified', {all}) : t('law.unverifiedOf', {count: place.unverified_count, all});
}

type Change = NonNullable<ReturnType<typeof useLawChanges>['data']>[number];

function Changes() {
  const {t} = useTranslation();
  const list = useLawChanges();
  return (
    <Section title={t('law.changes')} hint={t('law.changesHint')}>
      {list.isPending ? (
        <Loading lines={3} />
      ) : list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : list.data.length === 0 ? (
        <p className="small">{t('law.noChanges')}</p>
      ) : (
        <ChangeList changes={list.data} />
      )}
    </Section>
  );
}

// A rule holds to the end of its last day.
function nextDay(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

// Together what happens on one day in one place.
function ChangeList({changes}: {changes: Change[]}) {
  const {t} = useTranslation();
  const format = useFormats();
  const textOf = useTextOf();
  const placeName = usePlaceName();
  const peopleThere = usePeopleThere();
  const together = new Map<string, Change[]>();
  for (const change of changes) {
    const key = `${change.day} ${change.rule.jurisdiction} ${change.change}`;
    together.set(key, [...(together.get(key) ?? []), change]);
  }
  return (
    <ol className={classes.list}>
      {[...together].map(([key, same]) => {
        const [{day, change, rule}] = same as [Change];
        const advertising = same.filter(each => each.rule.topic === 'advertising');
        const channels = advertising.flatMap(each => (each.rule.channels?.length ? each.rule.channels : [null]));
        return (
          <li key={key}>
            <div className="row">
              <time dateTime={day} className={classes.day}>
                {dayText(format, day)}
              </time>
              <Link className={classes.place} to="/law/$code" params={{code: rule.jurisdiction}} search={{day}} aria-label={t('law.seeDay', {place: placeName(rule.jurisdiction), day: dayText(format, day)})}>
                {placeName(rule.jurisdiction)}
              </Link>
            </div>
            <p className="soft">{peopleThere(advertising.length > 0 ? 'advertising' : rule.topic, channels, [rule.jurisdiction])}</p>
            <LawEffect draft={{day: change === 'ends' ? nextDay(day) : day}} />
            <details>
              <summary>{t(`law.${change}`, {count: same.length})}</summary>
              <ul className={classes.points}>
                {same.map(each => (
                  <li key={each.rule.id}>
                    <strong>{t(`law.topics.${each.rule.topic}`)}:</strong> {textOf(each.rule.text)}
                  </li>
                ))}
              </ul>
            </details>
          </li>
        );
      })}
    </ol>
  );
}
