// What happened to a message, step by step, each with its reasons in words; and what alone would change the last of them.
import {Button} from '@mantine/core';
import {IconUserSearch} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {Failed, Loading} from '../../parts/states';
import {useFormats} from '../../i18n/format';
import {useMay} from '../../session/session';
import classes from './messages.module.css';
import type {Message, Step} from './queries';

const units = [
  ['days', 86_400],
  ['hours', 3_600],
  ['minutes', 60],
] as const;

type Reason = Step['reasons'][number];

// Of the gate's rules the server says what they mean; of the rest this page.
export function useReasonText(): (reason: Reason) => string {
  const {t, i18n} = useTranslation();
  return reason => {
    const text = reason[i18n.language === 'de' ? 'de' : 'en'] ?? t(`messages.reasons.${reason.name as 'refused'}`, {defaultValue: reason.name});
    return text.charAt(0).toLocaleUpperCase() + text.slice(1);
  };
}

// "At most 3 in 14 days", in the largest unit that fits.
function useCapText(): (cap: NonNullable<Step['cap']>) => string {
  const {t} = useTranslation();
  return cap => {
    const [unit, seconds] = units.find(([, length]) => cap.within_seconds % length === 0) ?? units[2];
    return t(`messages.caps.${unit}`, {most: cap.count, count: cap.within_seconds / seconds});
  };
}

export function Trace({message}: {message: Message}) {
  const {t, i18n} = useTranslation();
  const format = useFormats();
  const reasonText = useReasonText();
  const capText = useCapText();
  const last = message.trace.at(-1);
  const open = message.state !== 'sent' && message.state !== 'sending';
  const ways = open ? (last?.reasons ?? []).filter(reason => i18n.exists(`messages.ways.${reason.name}`)) : [];
  const byGate = open && (last?.what === 'denied' || last?.what === 'later') && last.reasons.some(reason => reason.en !== null);
  return (
    <div className="stack-tight">
      <h2 className={classes.heading}>{t('messages.trace')}</h2>
      <ol className={classes.trace}>
        {message.trace.map((step, index) => (
          <li key={index}>
            <time dateTime={step.at} className="soft">
              {format.date(step.at)}, {format.clock(step.at)}
            </time>
            <div className="wrap">
              <p>
                <strong>{t(`messages.steps.${step.what}`)}</strong>
              </p>
              {step.reasons.map(reason => (
                <p key={reason.name}>
                  {reasonText(reason)} <code className="soft tiny">{reason.name}</code>
                </p>
              ))}
              {step.cap && <p className="soft">{capText(step.cap)}</p>}
              {(step.answer_code ?? step.answer_status) !== null && (
                <p className="soft">{t('messages.smtp', {code: [step.answer_code, step.answer_status].filter(each => each !== null).join(' ')})}</p>
              )}
            </div>
          </li>
        ))}
      </ol>
      {ways.length > 0 && (
        <>
          <h2 className={classes.heading}>{t('messages.would')}</h2>
          <ul className={classes.ways}>
            {ways.map(reason => (
              <li key={reason.name}>{t(`messages.ways.${reason.name as 'too_often'}`)}</li>
            ))}
          </ul>
        </>
      )}
      {byGate && message.customer !== null && <Remedies message={message} customer={message.customer} />}
    </div>
  );
}

// The gate tells it of the person as they are now, which is a look at them: only when somebody asks.
function Remedies({message, customer}: {message: Message; customer: string}) {
  const {t, i18n} = useTranslation();
  const may = useMay();
  const [asked, setAsked] = useState(false);
  const {purpose, channel} = message;
  const query = useQuery({
    queryKey: ['customers', customer, 'consents', purpose],
    enabled: asked,
    queryFn: () => take(api.GET('/api/v1/customers/{id}/consents', {params: {path: {id: customer}, query: {purpose}}})),
  });
  if (!may('listConsents')) return null;
  if (!asked) {
    return (
      <div className="row">
        <Button variant="default" size="compact-md" leftSection={<IconUserSearch size={16} aria-hidden />} onClick={() => setAsked(true)}>
          {t('messages.would')}
        </Button>
        <span className="soft small">{t('messages.lookHint')}</span>
      </div>
    );
  }
  if (query.isPending) return <Loading lines={2} />;
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  const language = i18n.language === 'de' ? 'de' : 'en';
  const ruling = query.data.states.find(state => state.purpose === purpose && state.channel === channel)?.ruling;
  const remedies = ruling?.remedies ?? [];
  return (
    <div role="status" className="stack-tight">
      <h2 className={classes.heading}>{t('messages.would')}</h2>
      {!ruling ? (
        <p>{t('messages.lookNothing')}</p>
      ) : (
        <>
          <p>
            {t('messages.now')}: <strong>{t(ruling.decision === 'deny' ? 'messages.nowMayNot' : 'messages.nowMay')}</strong> {ruling.reason[language]}
          </p>
          <ul className={classes.ways}>
            {remedies.map(remedy => (
              <li key={remedy.name}>{remedy.text[language]}</li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
