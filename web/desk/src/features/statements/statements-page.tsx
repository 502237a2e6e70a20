// What people said, over all of them. Whoever is shown was looked at, and reads so; so nothing is searched for before
// somebody presses the button.
import {Button, NumberInput, Select, TextInput} from '@mantine/core';
import {IconFileUpload, IconSearch} from '@tabler/icons-react';
import {useInfiniteQuery} from '@tanstack/react-query';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {useRegions} from '../../parts/health';
import {Page} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import {useMay} from '../../session/session';
import {channelName} from '../customers/said';
import {LawTabs} from '../law/law-tabs';
import {useNotices} from '../notices/queries';
import {acts, channels, type StatementSearch, ways} from './search';
import classes from './statements.module.css';

type Statement = Schemas['FoundStatement'];

const tones = {requested: 'plain', given: 'good', renewed: 'good', refused: 'bad', withdrawn: 'bad', objected: 'bad'} as const;

export function StatementsPage() {
  const {t} = useTranslation();
  const may = useMay();
  const search = useSearch({from: '/law/statements'});
  const [asked, setAsked] = useState<{search: StatementSearch; times: number} | null>(null);
  return (
    <Page title={t('law.statements')} lead={t('statements.lead')} actions={may('importConsents') && <Bring />}>
      <LawTabs />
      <Filters onSearch={() => setAsked(before => ({search, times: (before?.times ?? 0) + 1}))} />
      {asked && <Results key={asked.times} asked={asked} />}
    </Page>
  );
}

function Bring() {
  const {t} = useTranslation();
  return (
    <Button component={Link} to="/law/statements/import" variant="default" leftSection={<IconFileUpload size={16} aria-hidden />}>
      {t('statements.bring')}
    </Button>
  );
}

function Filters({onSearch}: {onSearch: () => void}) {
  const {t} = useTranslation();
  const search = useSearch({from: '/law/statements'});
  const navigate = useNavigate({from: '/law/statements'});
  const {purposes} = usePurposes();
  const meaning = usePurposeText();
  const notices = useNotices();
  const regions = useRegions();
  const change = (part: StatementSearch) => void navigate({search: before => ({...before, ...part}), replace: true, resetScroll: false});
  const any = {placeholder: t('statements.any'), clearable: true};
  const wrongDays = search.from !== undefined && search.until !== undefined && search.from > search.until;
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!wrongDays) onSearch();
  }
  return (
    <form className="card stack" onSubmit={submit} aria-label={t('law.statements')}>
      <div className={classes.filters}>
        <Select label={t('statements.about')} {...any} searchable value={search.about ?? null} onChange={about => change({about: about ?? undefined})} data={purposes.map(each => ({value: each.name, label: meaning(each.name)}))} />
        <Select label={t('said.channel')} {...any} value={search.channel ?? null} onChange={channel => change({channel: channels.find(each => each === channel)})} data={channels.map(value => ({value, label: channelName(t, value)}))} />
        <Select label={t('said.answer')} {...any} value={search.act ?? null} onChange={act => change({act: acts.find(each => each === act)})} data={acts.map(value => ({value, label: t(`said.acts.${value}`)}))} />
        <Select label={t('said.way')} {...any} value={search.way ?? null} onChange={way => change({way: ways.find(each => each === way)})} data={ways.map(value => ({value, label: t(`said.ways.${value}`)}))} />
        <Select
          label={t('said.notice')}
          {...any}
          searchable
          value={search.notice ?? null}
          onChange={notice => change({notice: notice ?? undefined, version: undefined})}
          data={[...new Set([...(notices.data?.map(notice => notice.id) ?? []), ...(search.notice ? [search.notice] : [])])]}
        />
        {search.notice && <NumberInput label={t('statements.version')} placeholder={t('statements.any')} min={1} max={1_000_000} allowDecimal={false} value={search.version ?? ''} onChange={version => change({version: Number(version) || undefined})} />}
        <TextInput type="date" label={t('statements.from')} value={search.from ?? ''} onChange={event => change({from: event.currentTarget.value || undefined})} />
        <TextInput type="date" label={t('statements.until')} value={search.until ?? ''} onChange={event => change({until: event.currentTarget.value || undefined})} error={wrongDays && t('statements.wrongDays')} />
        {regions.length > 1 && <Select label={t('statements.region')} placeholder={t('statements.homeRegion')} clearable value={search.region ?? null} onChange={region => change({region: region ?? undefined})} data={regions} />}
      </div>
      <div className="row wrap">
        <Button type="submit" leftSection={<IconSearch size={16} aria-hidden />}>
          {t('statements.search')}
        </Button>
        {Object.values(search).some(value => value !== undefined) && (
          <Button variant="subtle" onClick={() => void navigate({search: {}, replace: true, resetScroll: false})}>
            {t('statements.reset')}
          </Button>
        )}
        <p className="soft small">{t('statements.written')}</p>
      </div>
    </form>
  );
}

function useStatements({search, times}: {search: StatementSearch; times: number}) {
  const {from, until, ...rest} = search;
  const start = (day: string, days: number) => {
    const at = new Date(`${day}T00:00:00`);
    at.setDate(at.getDate() + days);
    return at.toISOString();
  };
  const query = {...rest, from: from && start(from, 0), until: until && start(until, 1)};
  return useInfiniteQuery({
    queryKey: ['statements', query, times],
    queryFn: ({pageParam}) => take(api.GET('/api/v1/consents', {params: {query: {...query, cursor: pageParam, limit: 25}}})),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
    // Each time it is asked, people are looked at.
    retry: false,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
}

function Results({asked}: {asked: {search: StatementSearch; times: number}}) {
  const {t} = useTranslation();
  const query = useStatements(asked);
  if (query.isPending) return <Loading lines={6} height={48} />;
  if (query.error && !query.data) return <Failed error={query.error} retry={() => void query.refetch()} />;
  const found = query.data.pages.flatMap(page => page.items);
  const withheld = query.data.pages.reduce((sum, page) => sum + page.withheld, 0);
  return (
    <section className="card stack" aria-label={t('statements.found')}>
      <p role="status" className="soft">
        {t('statements.shown', {count: found.length})}
        {withheld > 0 && ` ${t('statements.withheld', {count: withheld})}`}
        {query.hasNextPage && ` ${t('statements.notAll')}`}
      </p>
      {found.length === 0 && !query.hasNextPage ? (
        <Empty title={t('common.noMatch')} />
      ) : (
        <ul className={classes.list}>
          {found.map(statement => (
            <Entry key={statement.id} statement={statement} />
          ))}
        </ul>
      )}
      {query.error && <Failed error={query.error} retry={() => void query.fetchNextPage()} />}
      {query.hasNextPage && !query.error && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('statements.more')}
        </Button>
      )}
    </section>
  );
}

function Entry({statement}: {statement: Statement}) {
  const {t} = useTranslation();
  const format = useFormats();
  const meaning = usePurposeText();
  const {notice} = statement;
  const parts = [t(`said.ways.${statement.way}`), t(`said.strengths.${statement.strength}`), statement.guardian ? t('said.guardian') : null];
  return (
    <li className={classes.item}>
      <Chip tone={tones[statement.act]}>{t(`said.acts.${statement.act}`)}</Chip>
      <div className="wrap">
        <p>{t('said.by', {purpose: meaning(statement.purpose), channel: channelName(t, statement.channel)})}</p>
        <p className="soft">
          <time dateTime={statement.said_at}>{format.exact(statement.said_at)}</time> · {parts.filter(part => part !== null).join(' · ')}
          {statement.expires_at && ` · ${t('said.until', {date: format.date(statement.expires_at)})}`}
          {notice && (
            <>
              {' · '}
              <Link to="/law/notices/$id" params={{id: notice.id}}>
                {t('said.noticeVersion', {id: notice.id, version: notice.version})}
              </Link>
            </>
          )}
        </p>
      </div>
      <Link to="/customers/$id" params={{id: statement.customer}} search={{tab: 'consents'}}>
        {t('statements.toCustomer')} <code>{statement.customer}</code>
      </Link>
    </li>
  );
}
