// Why data is used here: what is said of each purpose, and whether that is all that has to be said.
import {SegmentedControl} from '@mantine/core';
import {createColumnHelper} from '@tanstack/react-table';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {type PurposeInfo, usePurposes} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {ListSection} from '../../parts/data-table';
import {Page} from '../../parts/page';
import {Empty} from '../../parts/states';
import {LawTabs} from '../law/law-tabs';
import {dayText, termText} from '../law/words';
import classes from './notices.module.css';
import {PurposeDialog} from './purpose-dialog';
import {type Activity, type Entry, type Notice, useActivities, useAssessments, useEntries, useNotices, useReadersLanguage} from './queries';

const interest = 'A6-1-f';

export interface Purpose {
  info: PurposeInfo;
  entry: Entry | undefined;
  activity: Activity | undefined;
  notices: Notice[];
  bases: string[];
  assessedUntil: string | undefined; // of what rests on an interest
  missing: Activity['drift'];
}

// Everything that is said of each purpose, and what is not.
function useRows() {
  const {purposes, ...known} = usePurposes();
  const entries = useEntries();
  const notices = useNotices();
  const assessments = useAssessments().data;
  const activities = useActivities();
  const rows = useMemo<Purpose[]>(
    () =>
      purposes.map(info => {
        const entry = entries.data?.find(each => each.purpose === info.name);
        const activity = activities?.find(each => each.purpose === info.name);
        const bases = [...new Set(activity && activity.uses.length > 0 ? activity.uses.map(use => use.basis) : [info.default_basis])];
        const holding = assessments?.filter(each => each.purpose === info.name && each.holds).map(each => each.expires);
        return {
          info,
          entry,
          activity,
          bases,
          notices: notices.data?.filter(notice => (notice.published ?? notice.draft)?.purposes.includes(info.name)) ?? [],
          assessedUntil: bases.includes(interest) ? holding?.sort().at(-1) : undefined,
          missing: activity?.drift ?? [],
        };
      }),
    [purposes, entries.data, notices.data, assessments, activities],
  );
  const first = [known, entries, notices].find(each => each.error) ?? known;
  return {
    data: rows,
    error: first.error,
    isPending: known.isPending || entries.isPending || notices.isPending,
    refetch: () => Promise.all([known.refetch(), entries.refetch(), notices.refetch()]),
  };
}

export function PurposesPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/law/purposes'});
  const navigate = useNavigate({from: '/law/purposes'});
  const list = useRows();
  const columns = useColumns();
  const used = list.data.filter(row => row.entry || row.activity || row.notices.length > 0);
  const shown = search.show === 'all' ? list.data : used;
  const open = list.data.find(row => row.info.name === search.at);
  return (
    <Page title={t('law.purposes')} lead={t('purposes.lead')}>
      <LawTabs />
      <div className={classes.filters}>
        <SegmentedControl
          aria-label={t('purposes.which')}
          value={search.show ?? 'used'}
          onChange={show => void navigate({search: before => ({...before, show: show === 'all' ? 'all' : undefined}), replace: true, resetScroll: false})}
          data={[
            {value: 'used', label: t('purposes.used', {count: used.length})},
            {value: 'all', label: t('purposes.all', {count: list.data.length})},
          ]}
        />
      </div>
      <ListSection
        list={{...list, data: shown}}
        label={t('law.purposes')}
        columns={columns}
        search={search}
        onSearch={change => void navigate({search: before => ({...before, q: change.q, sort: change.sort}), replace: true, resetScroll: false})}
        searchLabel={t('purposes.search')}
        empty={<Empty title={t('purposes.empty')}>{t('purposes.emptyHint')}</Empty>}
      />
      <PurposeDialog purpose={open} onClose={() => void navigate({search: before => ({...before, at: undefined}), replace: true, resetScroll: false})} />
    </Page>
  );
}

function useColumns() {
  const {t} = useTranslation();
  const format = useFormats();
  const language = useReadersLanguage();
  return useMemo(() => {
    const column = createColumnHelper<Purpose>();
    const none = <span className="soft">–</span>;
    return [
      column.accessor(row => `${row.info.meaning[language]} ${row.info.name}`, {
        id: 'purpose',
        header: t('purposes.purpose'),
        cell: ({row: {original: {info}}}) => (
          <span className={classes.name}>
            <Link to="/law/purposes" search={before => ({...before, at: info.name})} resetScroll={false}>
              {info.meaning[language]}
            </Link>
            <span className="soft tiny">
              {info.name.split(/(?=[A-Z])/).map((word, index) => (
                <span key={index}>
                  <wbr />
                  {word}
                </span>
              ))}
            </span>
          </span>
        ),
      }),
      column.accessor(row => format.list(row.bases.map(basis => t(`bases.${basis as 'A6-1-a'}`, {defaultValue: basis}))), {
        id: 'basis',
        header: t('purposes.basis'),
        meta: {label: t('purposes.basis')},
      }),
      column.accessor(row => row.entry?.categories.join(', ') ?? '', {
        id: 'categories',
        header: t('purposes.categories'),
        meta: {label: t('purposes.categories')},
        cell: ({getValue}) => getValue() || none,
      }),
      column.accessor(row => (row.entry ? `${termText(t, row.entry.retention.term)} ${t(`law.retentionSince.${row.entry.retention.since}`)}` : ''), {
        id: 'retention',
        header: t('purposes.retention'),
        meta: {label: t('purposes.retention')},
        cell: ({getValue}) => getValue() || none,
      }),
      column.accessor(row => row.notices.map(notice => notice.id).join(' '), {
        id: 'notices',
        header: t('law.notices'),
        meta: {label: t('law.notices')},
        cell: ({row: {original}}) =>
          original.notices.length === 0
            ? none
            : original.notices.map((notice, index) => (
                <span key={notice.id} className={classes.id}>
                  {index > 0 && ', '}
                  <Link to="/law/notices/$id" params={{id: notice.id}}>
                    {notice.id}
                  </Link>
                </span>
              )),
      }),
      column.accessor(row => row.missing.length * 10 + Number(!row.entry), {
        id: 'state',
        header: t('purposes.state'),
        meta: {label: t('purposes.state')},
        enableGlobalFilter: false,
        cell: ({row: {original}}) => <State of={original} />,
      }),
    ];
  }, [t, format, language]);
}

// What is missing, else that nothing is.
function State({of: {entry, missing, assessedUntil}}: {of: Purpose}) {
  const {t} = useTranslation();
  const format = useFormats();
  return (
    <span className={classes.chips}>
      {missing.map(drift => (
        <Chip key={drift} tone="warn">
          {t(`law.drift.${drift}`)}
        </Chip>
      ))}
      {missing.length === 0 && (entry ? <Chip tone="good">{t('purposes.described')}</Chip> : <Chip>{t('purposes.undescribed')}</Chip>)}
      {assessedUntil && <Chip>{t('purposes.assessedUntil', {day: dayText(format, assessedUntil)})}</Chip>}
    </span>
  );
}
