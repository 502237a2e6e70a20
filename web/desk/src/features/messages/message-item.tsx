// One message in the outbox; open, it tells all that happened to it and why, and what alone would change that.
import {Button} from '@mantine/core';
import {IconAlertTriangle, IconBan, IconCheck, IconChevronDown, IconChevronRight, IconClock, IconHandStop, IconMailX, IconSend} from '@tabler/icons-react';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {useId} from 'react';
import {useTranslation} from 'react-i18next';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {useNames} from '../../parts/names';
import {When} from '../../parts/when';
import {useMay} from '../../session/session';
import classes from './messages.module.css';
import {type Message, useTurn} from './queries';
import {Trace, useReasonText} from './trace';

const looks = {
  waiting: {tone: 'accent', Icon: IconClock},
  sending: {tone: 'accent', Icon: IconSend},
  sent: {tone: 'good', Icon: IconCheck},
  denied: {tone: 'bad', Icon: IconBan},
  dead: {tone: 'warn', Icon: IconAlertTriangle},
  cancelled: {tone: 'plain', Icon: IconHandStop},
  bounced: {tone: 'warn', Icon: IconMailX},
} as const;

export function MessageItem({message}: {message: Message}) {
  const {t} = useTranslation();
  const {at} = useSearch({from: '/messages'});
  const navigate = useNavigate({from: '/messages'});
  const meaning = usePurposeText();
  const reasonText = useReasonText();
  const body = useId();
  const open = at === message.id;
  const {tone, Icon} = looks[message.state];
  const last = message.trace.at(-1);
  const why = last && ['later', 'denied', 'failed', 'dead', 'cancelled', 'bounced', 'delayed'].includes(last.what) ? last.reasons[0] : undefined;
  const Arrow = open ? IconChevronDown : IconChevronRight;
  return (
    <li className={classes.item} data-open={open || undefined}>
      <div className={classes.head}>
        <button
          type="button"
          className={classes.opener}
          aria-expanded={open}
          aria-controls={body}
          aria-label={t('messages.open', {id: message.id})}
          onClick={() => void navigate({search: before => ({...before, at: open ? undefined : message.id}), replace: true, resetScroll: false})}
        >
          <Arrow size={18} aria-hidden />
        </button>
        <div className="wrap">
          <p>
            <strong>{message.template}</strong> · {meaning(message.purpose)}
          </p>
          <p className="soft">
            {t('messages.to')} <To message={message} /> · <When at={message.created_at} />
            {why && ` · ${reasonText(why)}`}
          </p>
        </div>
        <Chip tone={tone} icon={<Icon size={14} aria-hidden />}>
          {t(`messages.states.${message.state}`)}
        </Chip>
      </div>
      <div id={body} hidden={!open}>
        {open && <Details message={message} />}
      </div>
    </li>
  );
}

function To({message: {customer, purpose}}: {message: Message}) {
  const {t} = useTranslation();
  const may = useMay();
  if (customer === null) return t('messages.stranger');
  return may('getCustomer') ? (
    <Link to="/customers/$id" params={{id: customer}} search={{purpose}}>
      {customer}
    </Link>
  ) : (
    customer
  );
}

function Details({message}: {message: Message}) {
  const {t} = useTranslation();
  const format = useFormats();
  const nameOf = useNames();
  const may = useMay();
  const {cancel, revive} = useTurn();
  const pending = message.state === 'waiting' || message.state === 'sending';
  return (
    <div className={classes.details}>
      <Trace message={message} />
      <dl className="facts">
        <dt>{t('messages.id')}</dt>
        <dd>
          <code>{message.id}</code>
        </dd>
        <dt>{t('messages.template')}</dt>
        <dd>
          <Link to="/messages/templates/$id" params={{id: message.template}} search={{version: message.template_version}}>
            {t('messages.templateVersion', {id: message.template, version: message.template_version})}
          </Link>
        </dd>
        <dt>{t('messages.channel')}</dt>
        <dd>
          {t(`law.channels.${message.channel as 'email'}`)}, {t(`templates.languages.${message.language}`)}
        </dd>
        <dt>{t('messages.by')}</dt>
        <dd>{message.requested_by === null ? t('messages.program') : nameOf(message.requested_by)}</dd>
        {message.reason && (
          <>
            <dt>{t('messages.reason')}</dt>
            <dd>{message.reason}</dd>
          </>
        )}
        {pending && (
          <>
            <dt>{t('messages.due')}</dt>
            <dd>{format.exact(message.due_at)}</dd>
            <dt>{t('messages.expires')}</dt>
            <dd>{format.exact(message.expires_at)}</dd>
          </>
        )}
        {message.attempts > 0 && (
          <>
            <dt>{t('messages.attempts')}</dt>
            <dd>{format.number(message.attempts)}</dd>
          </>
        )}
      </dl>
      <div className="row">
        {message.state === 'waiting' && may('cancelMessage') && (
          <Button variant="default" leftSection={<IconHandStop size={16} aria-hidden />} loading={cancel.isPending} onClick={() => cancel.mutate(message.id)} aria-label={t('messages.cancelNamed', {id: message.id})}>
            {t('messages.cancel')}
          </Button>
        )}
        {(message.state === 'dead' || message.state === 'cancelled') && may('reviveMessage') && (
          <Button variant="default" leftSection={<IconSend size={16} aria-hidden />} loading={revive.isPending} onClick={() => revive.mutate(message.id)} aria-label={t('messages.reviveNamed', {id: message.id})}>
            {t('messages.revive')}
          </Button>
        )}
      </div>
    </div>
  );
}
