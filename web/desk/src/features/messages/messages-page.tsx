// The outbox: what left, what waits, what was not allowed, and why.
import {Button, Select, TextInput} from '@mantine/core';
import {IconClock, IconLinkOff, IconMailOff} from '@tabler/icons-react';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useEffect, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useRegions} from '../../parts/health';
import {Page} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import {Warning} from '../../parts/warning';
import {MessageItem} from './message-item';
import {MessageTabs} from './message-tabs';
import classes from './messages.module.css';
import {countedUpTo, useMessage, useMessages, useWaiting} from './queries';
import {type MessageSearch, messageStates} from './search';

const configuration = `[mail]
host = "smtp.example.com"
user = "shop"
password_file = "/etc/handschlag/mail-password"
sender_name = "Shop"
sender_address = "shop@example.com"
base_url = "https://shop.example"`;

export function MessagesPage() {
  const {t} = useTranslation();
  const {region} = useSearch({from: '/messages'});
  const waiting = useWaiting(region);
  return (
    <Page title={t('pages.messages')} lead={t('messages.lead')}>
      <MessageTabs />
      {waiting.data?.mailConfigured === false && (
        <Warning icon={<IconMailOff size={20} aria-hidden />} title={t('messages.noMail')}>
          <p>{t('messages.noMailText')}</p>
          <pre tabIndex={0} role="region" aria-label="handschlag.toml">
            {configuration}
          </pre>
        </Warning>
      )}
      {waiting.data?.mailConfigured === true && !waiting.data.linksConfigured && (
        <Warning icon={<IconLinkOff size={20} aria-hidden />} title={t('messages.noLinks')}>
          <p>{t('messages.noLinksText')}</p>
        </Warning>
      )}
      <section className="card stack">
        <Filters />
        <p role="status" className={classes.waiting}>
          <IconClock size={18} aria-hidden />
          {waiting.data &&
            (waiting.data.more ? t('messages.waitingMany', {count: countedUpTo}) : waiting.data.count === 0 ? t('messages.waitingNone') : t('messages.waitingCount', {count: waiting.data.count}))}
        </p>
        <List />
      </section>
    </Page>
  );
}

function Filters() {
  const {t} = useTranslation();
  const search = useSearch({from: '/messages'});
  const navigate = useNavigate({from: '/messages'});
  const {purposes} = usePurposes();
  const meaning = usePurposeText();
  const regions = useRegions();
  const change = (part: MessageSearch) => void navigate({search: before => ({...before, at: undefined, ...part}), replace: true, resetScroll: false});
  const filtered = search.region ?? search.state ?? search.purpose ?? search.customer;
  return (
    <div className={classes.filters}>
      {regions.length > 1 && (
        <Select label={t('messages.region')} placeholder={t('messages.homeRegion')} clearable value={search.region ?? null} onChange={region => change({region: region ?? undefined, customer: undefined})} data={regions} />
      )}
      <Select
        label={t('messages.state')}
        placeholder={t('messages.any')}
        clearable
        value={search.state ?? null}
        onChange={state => change({state: messageStates.find(each => each === state)})}
        data={messageStates.map(value => ({value, label: t(`messages.states.${value}`)}))}
      />
      <Select
        label={t('messages.purpose')}
        placeholder={t('messages.any')}
        clearable
        searchable
        value={search.purpose ?? null}
        onChange={purpose => change({purpose: purpose ?? undefined})}
        data={purposes.filter(each => each.may_look).map(each => ({value: each.name, label: meaning(each.name)}))}
      />
      <CustomerFilter value={search.customer ?? ''} onChange={customer => change({customer: customer || undefined})} />
      {filtered && (
        <Button variant="subtle" onClick={() => void navigate({search: {}, replace: true, resetScroll: false})}>
          {t('messages.reset')}
        </Button>
      )}
    </div>
  );
}

// Looked for once Enter is pressed, or the field is left.
function CustomerFilter({value, onChange}: {value: string; onChange: (customer: string) => void}) {
  const {t} = useTranslation();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const done = () => {
    if (text.trim() !== value) onChange(text.trim());
  };
  function submit(event: FormEvent) {
    event.preventDefault();
    done();
  }
  return (
    <form onSubmit={submit}>
      <TextInput label={t('messages.customer')} placeholder={t('messages.customerHint')} maxLength={64} value={text} onChange={event => setText(event.currentTarget.value)} onBlur={done} />
    </form>
  );
}

function List() {
  const {t} = useTranslation();
  const search = useSearch({from: '/messages'});
  const query = useMessages(search);
  const messages = query.data?.pages.flatMap(page => page.items) ?? [];
  const elsewhere = useMessage(search.at && query.data && !messages.some(each => each.id === search.at) ? search.at : undefined);
  if (query.isPending) return <Loading lines={6} height={48} />;
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  const filtered = search.region ?? search.state ?? search.purpose ?? search.customer;
  if (messages.length === 0 && !search.at) {
    return filtered ? (
      <Empty title={t('common.noMatch')} />
    ) : (
      <Empty title={t('messages.empty')} action={<Link to="/messages/templates">{t('messages.toTemplates')}</Link>}>
        {t('messages.emptyHint')}
      </Empty>
    );
  }
  return (
    <>
      {elsewhere.error && <p role="alert">{t('messages.unknown')}</p>}
      <ul className={classes.list} aria-label={t('pages.messages')}>
        {elsewhere.data && <MessageItem key={elsewhere.data.id} message={elsewhere.data} />}
        {messages.map(message => (
          <MessageItem key={message.id} message={message} />
        ))}
      </ul>
      {query.hasNextPage && (
        <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t('messages.more')}
        </Button>
      )}
    </>
  );
}
