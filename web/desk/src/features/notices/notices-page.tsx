// What people are told before they agree: each notice, its version in force, and what is being drafted.
import {Button, Select, TextInput} from '@mantine/core';
import {IconPlus} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {Page} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import {useMay} from '../../session/session';
import {LawTabs} from '../law/law-tabs';
import classes from './notices.module.css';
import {useLanguageName} from './preview';
import {type Notice, shownOf, textIn, useNotices, useReadersLanguage} from './queries';
import {type NoticeSearch, noticeStates} from './search';
import {wrongAtAll, wrongIn} from './sentences';

function fits(notice: Notice, {purpose, state, language}: NoticeSearch): boolean {
  const versions = [notice.published, notice.draft].filter(version => version !== null);
  if (purpose && !notice.versions.some(version => version.purposes.includes(purpose))) return false;
  if (language && !versions.some(version => version.texts.some(text => text.language === language))) return false;
  if (state === 'retired') return notice.published === null && notice.versions.some(version => version.status === 'retired');
  return !state || notice[state] !== null;
}

export function NoticesPage() {
  const {t} = useTranslation();
  const may = useMay();
  const search = useSearch({from: '/law/notices'});
  const list = useNotices();
  const [adding, setAdding] = useState(false);
  const shown = list.data?.filter(notice => fits(notice, search)) ?? [];
  const add = may('putNoticeDraft') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      {t('notices.add')}
    </Button>
  );
  return (
    <Page title={t('law.notices')} lead={t('notices.lead')} actions={add}>
      <LawTabs />
      <section className="card stack">
        {list.isPending ? (
          <Loading lines={5} height={48} />
        ) : list.error ? (
          <Failed error={list.error} retry={() => void list.refetch()} />
        ) : list.data.length === 0 ? (
          <Empty title={t('notices.empty')}>{t('notices.emptyHint')}</Empty>
        ) : (
          <>
            <Filters notices={list.data} />
            {shown.length === 0 ? (
              <Empty title={t('common.noMatch')} />
            ) : (
              <ul className={classes.list} aria-label={t('law.notices')}>
                {shown.map(notice => (
                  <Item key={notice.id} notice={notice} />
                ))}
              </ul>
            )}
          </>
        )}
      </section>
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t('notices.add')}>
        {adding && <AddForm known={list.data?.map(notice => notice.id) ?? []} onCancel={() => setAdding(false)} />}
      </Dialog>
    </Page>
  );
}

function Filters({notices}: {notices: Notice[]}) {
  const {t} = useTranslation();
  const search = useSearch({from: '/law/notices'});
  const navigate = useNavigate({from: '/law/notices'});
  const meaning = usePurposeText();
  const nameOf = useLanguageName();
  const change = (part: NoticeSearch) => void navigate({search: before => ({...before, ...part}), replace: true, resetScroll: false});
  const purposes = [...new Set(notices.flatMap(notice => notice.versions.flatMap(version => version.purposes)))];
  const languages = [...new Set(notices.flatMap(notice => [notice.published, notice.draft].flatMap(version => version?.texts.map(text => text.language) ?? [])))];
  return (
    <div className={classes.filters}>
      <Select label={t('notices.filterPurpose')} placeholder={t('notices.any')} clearable searchable value={search.purpose ?? null} onChange={purpose => change({purpose: purpose ?? undefined})} data={purposes.map(value => ({value, label: meaning(value)}))} />
      <Select
        label={t('notices.filterState')}
        placeholder={t('notices.any')}
        clearable
        value={search.state ?? null}
        onChange={state => change({state: noticeStates.find(each => each === state)})}
        data={noticeStates.map(value => ({value, label: t(`notices.states.${value}`)}))}
      />
      <Select label={t('notices.filterLanguage')} placeholder={t('notices.any')} clearable value={search.language ?? null} onChange={language => change({language: language ?? undefined})} data={languages.sort().map(value => ({value, label: nameOf(value)}))} />
    </div>
  );
}

function Item({notice}: {notice: Notice}) {
  const {t} = useTranslation();
  const format = useFormats();
  const meaning = usePurposeText();
  const nameOf = useLanguageName();
  const language = useReadersLanguage();
  const {published, draft, versions} = notice;
  const shown = shownOf(notice);
  const last = versions.at(-1);
  const purposes = (shown ?? last)?.purposes.map(meaning) ?? [];
  const channels = (shown ?? last)?.channels.map(channel => t(`law.channels.${channel as 'email'}`)) ?? [];
  return (
    <li className={classes.item}>
      <div className="wrap">
        <p>
          <Link className={classes.title} to="/law/notices/$id" params={{id: notice.id}}>
            {(shown && textIn(shown, language)?.title) || t('notices.untitled')}
          </Link>{' '}
          <code className="soft">{notice.id}</code>
        </p>
        <p>{purposes.length > 0 ? format.list(purposes) : <span className="soft">{t('notices.noPurpose')}</span>}</p>
        <p className="soft">
          {channels.length > 0 ? format.list(channels) : t('notices.noChannel')}
          {shown && shown.texts.length > 0 && ` · ${format.list(shown.texts.map(text => nameOf(text.language)))}`}
          {published?.published_at && (
            <>
              {` · ${t('notices.since')} `}
              <When at={published.published_at} />
            </>
          )}
        </p>
      </div>
      <span className={classes.chips}>
        {published ? <Chip tone="good">{t('notices.inForce', {version: published.version})}</Chip> : <Chip tone={last?.status === 'retired' ? 'warn' : 'plain'}>{last?.status === 'retired' ? t('notices.states.retired') : t('notices.noneInForce')}</Chip>}
        {draft && <Chip tone="accent">{t('notices.draftOf', {version: draft.version})}</Chip>}
      </span>
    </li>
  );
}

const idForm = /^[a-z0-9_-]{1,64}$/;

function AddForm({known, onCancel}: {known: string[]; onCancel: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [id, setId] = useState('');
  const [wrong, setWrong] = useState<string | undefined>();
  const add = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/notices/{id}/draft', {params: {path: {id}}, body: {explicit_consent: false, names_recipients: false, quiet_hours: false, texts: [{language: 'de'}, {language: 'en'}]}})),
    onSuccess: () => void navigate({to: '/law/notices/$id', params: {id}}),
    onSettled: () => void queries.invalidateQueries({queryKey: ['law', 'notices']}),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    const found = !idForm.test(id) ? t('notices.wrong.id') : known.includes(id) ? t('notices.idTaken') : undefined;
    setWrong(found);
    if (!found) add.mutate();
  }
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <TextInput label={t('notices.id')} description={t('notices.idHint')} maxLength={64} value={id} onChange={event => setId(event.currentTarget.value)} error={wrong ?? wrongIn(t, add.error, 'id') ?? wrongAtAll(t, add.error)} autoCapitalize="off" data-autofocus />
      <div className="row">
        <Button type="submit" loading={add.isPending}>
          {t('notices.addDo')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onCancel}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
