// One notice: what people read now, the draft of what comes next, and every version that there was.
import {Button} from '@mantine/core';
import {IconArchive, IconArrowLeft, IconPencil} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Link, useParams} from '@tanstack/react-router';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Page, Section} from '../../parts/page';
import {notifyProblem} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {useMay} from '../../session/session';
import {termText} from '../law/words';
import {DraftEditor} from './draft-editor';
import classes from './notices.module.css';
import {Preview} from './preview';
import {type Notice, shownOf, textIn, useNotices, useReadersLanguage, useVersion, type Version} from './queries';
import {RetireDialog} from './turn-dialogs';
import {Versions} from './versions';

export function NoticePage() {
  const {t} = useTranslation();
  const {id} = useParams({from: '/law/notices/$id'});
  const language = useReadersLanguage();
  const list = useNotices();
  const notice = list.data?.find(each => each.id === id);
  const shown = notice && shownOf(notice);
  const title = (shown && textIn(shown, language)?.title) || id;
  const actions = (
    <Button component={Link} to="/law/notices" variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />}>
      {t('notices.toList')}
    </Button>
  );
  return (
    <Page title={title} lead={notice && <Lead notice={notice} />} actions={actions}>
      {list.isPending ? (
        <Loading lines={8} height={32} />
      ) : list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : notice ? (
        <Body notice={notice} />
      ) : (
        <section className="card">
          <Empty title={t('notices.unknown')} action={<Link to="/law/notices">{t('notices.toList')}</Link>} />
        </section>
      )}
    </Page>
  );
}

function Lead({notice: {id, published, draft}}: {notice: Notice}) {
  const {t} = useTranslation();
  return (
    <span className="row">
      <code>{id}</code>
      {published ? <Chip tone="good">{t('notices.inForce', {version: published.version})}</Chip> : <Chip tone="warn">{t('notices.noneInForce')}</Chip>}
      {draft && <Chip tone="accent">{t('notices.draftOf', {version: draft.version})}</Chip>}
    </span>
  );
}

function Body({notice}: {notice: Notice}) {
  const {t} = useTranslation();
  const may = useMay();
  const {id, published, draft, versions} = notice;
  return (
    <>
      {published && <InForce version={published} draft={draft} />}
      {draft && may('putNoticeDraft') && <Draft id={id} version={draft.version} published={published} />}
      {!draft && !published && may('putNoticeDraft') && <StartAgain id={id} last={versions.at(-1)?.version} />}
      <Section title={t('notices.history')} hint={t('notices.historyHint')}>
        <Versions id={id} versions={versions} />
      </Section>
    </>
  );
}

function InForce({version, draft}: {version: Version; draft: Version | null}) {
  const {t} = useTranslation();
  const may = useMay();
  const [retiring, setRetiring] = useState(false);
  return (
    <Section
      title={t('notices.seen')}
      hint={t('notices.seenHint')}
      actions={
        <>
          {!draft && may('putNoticeDraft') && <StartButton from={version} />}
          {may('retireNotice') && (
            <Button variant="default" leftSection={<IconArchive size={16} aria-hidden />} onClick={() => setRetiring(true)}>
              {t('notices.retire')}
            </Button>
          )}
        </>
      }
    >
      <div className={classes.two}>
        <Preview texts={version.texts} />
        <Covers version={version} />
      </div>
      <RetireDialog version={version} opened={retiring} onClose={() => setRetiring(false)} />
    </Section>
  );
}

function Covers({version}: {version: Version}) {
  const {t} = useTranslation();
  const format = useFormats();
  const meaning = usePurposeText();
  const flags = (['explicit_consent', 'names_recipients', 'quiet_hours'] as const).filter(flag => version[flag]);
  return (
    <dl className="facts" aria-label={t('notices.covers')}>
      <dt>{t('notices.purposes')}</dt>
      <dd>
        {version.purposes.map(purpose => (
          <div key={purpose}>
            <Link to="/law/purposes" search={{at: purpose}}>
              {meaning(purpose)}
            </Link>
          </div>
        ))}
      </dd>
      <dt>{t('notices.channels')}</dt>
      <dd>{version.channels.length > 0 ? format.list(version.channels.map(channel => t(`law.channels.${channel as 'email'}`))) : t('notices.noChannel')}</dd>
      <dt>{t('notices.validity')}</dt>
      <dd>{version.validity ? termText(t, version.validity) : t('notices.validityLaw')}</dd>
      {flags.length > 0 && (
        <>
          <dt>{t('law.needsTitle')}</dt>
          <dd>
            {flags.map(flag => (
              <div key={flag}>{t(`notices.flags.${flag}`)}</div>
            ))}
          </dd>
        </>
      )}
      <dt>{t('notices.hash')}</dt>
      <dd className={classes.hash} title={t('notices.hashHint')}>
        <code className="wrap">{version.hash}</code>
      </dd>
    </dl>
  );
}

// The next version begins with what the last one says.
function StartButton({from}: {from: Version}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const {id, purposes, channels, explicit_consent, names_recipients, quiet_hours, validity, texts} = from;
  const start = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/notices/{id}/draft', {params: {path: {id}}, body: {purposes, channels, explicit_consent, names_recipients, quiet_hours, validity, texts}})),
    onError: error => notifyProblem(t, error),
    onSettled: () => void queries.invalidateQueries({queryKey: ['law', 'notices']}),
  });
  return (
    <Button leftSection={<IconPencil size={16} aria-hidden />} loading={start.isPending} onClick={() => start.mutate()} title={t('notices.startHint', {version: from.version})}>
      {t('notices.start')}
    </Button>
  );
}

function StartAgain({id, last}: {id: string; last: number | undefined}) {
  const {t} = useTranslation();
  const query = useVersion(id, last);
  return (
    <section className="card">
      <Empty title={t('notices.noneInForce')} action={query.data && <StartButton from={query.data.data} />}>
        {t('notices.retireLast')}
      </Empty>
    </section>
  );
}

function Draft({id, version, published}: {id: string; version: number; published: Version | null}) {
  const {t} = useTranslation();
  const query = useVersion(id, version);
  const [read, setRead] = useState(0);
  const readAgain = () => void query.refetch().then(() => setRead(times => times + 1));
  return (
    <Section title={t('notices.draftOf', {version})} hint={t('notices.editHint')}>
      {query.isPending ? (
        <Loading lines={6} height={32} />
      ) : query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : (
        <DraftEditor key={`${version} ${read}`} draft={query.data.data} tag={query.data.etag} published={published} onReadAgain={readAgain} />
      )}
    </Section>
  );
}
