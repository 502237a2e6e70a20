// What the customer allowed and what not, by purpose and channel, what follows from it under the law of their country, and
// everything that was said, with its proof.
import {Button} from '@mantine/core';
import {IconBan, IconCheck, IconClock, IconDownload, IconPencilPlus, IconQuestionMark} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import type {TFunction} from 'i18next';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {notifyProblem} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import {useMay} from '../../session/session';
import type {Customer} from './customer';
import {SayDialog, type Subject} from './say-dialog';
import classes from './said.module.css';

type State = Schemas['ConsentState'];
type Statement = Schemas['Statement'];

const tones = {given: 'good', refused: 'bad', unknown: 'plain'} as const;
const signs = {given: IconCheck, refused: IconBan, unknown: IconQuestionMark};

// What holds and what was said; shared by all who show it.
export function useSaid(customer: Customer, purpose: string, enabled = true) {
  return useQuery({
    queryKey: ['customers', customer.id, 'consents', purpose],
    queryFn: () => take(api.GET('/api/v1/customers/{id}/consents', {params: {path: {id: customer.id}, query: {purpose}}})),
    enabled,
  });
}

export function Said({customer, purpose}: {customer: Customer; purpose: string}) {
  const {t} = useTranslation();
  const may = useMay();
  const [saying, setSaying] = useState<Subject | null>(null);
  const {data, error, isPending, refetch} = useSaid(customer, purpose);
  if (isPending) return <Loading lines={6} />;
  if (error || !data) return <Failed error={error} retry={() => void refetch()} />;
  const note = (subject: Subject) => setSaying(subject);
  return (
    <>
      <div className={classes.head}>
        <h3>{t('said.title')}</h3>
        {may('recordConsent') && (
          <Button variant="default" leftSection={<IconPencilPlus size={16} aria-hidden />} onClick={() => note({})}>
            {t('said.note')}
          </Button>
        )}
      </div>
      <p className="soft small">{t('said.lead')}</p>
      <ul className={classes.list} aria-label={t('said.title')}>
        {data.states.map(state => (
          <Line key={`${state.purpose} ${state.channel}`} state={state} onNote={may('recordConsent') ? note : undefined} />
        ))}
      </ul>
      <h3>{t('said.history')}</h3>
      {data.history.length === 0 ? (
        <Empty title={t('said.nothing')}>{t('said.nothingHint')}</Empty>
      ) : (
        <ol className={classes.list} aria-label={t('said.history')}>
          {data.history.map(statement => (
            <Entry key={statement.id} statement={statement} purpose={purpose} />
          ))}
        </ol>
      )}
      <SayDialog customer={customer} purpose={purpose} about={saying} onClose={() => setSaying(null)} />
    </>
  );
}

function useSubject(): (purpose: string, channel: string) => string {
  const {t} = useTranslation();
  const text = usePurposeText();
  return (purpose, channel) => (channel === 'none' ? text(purpose) : t('said.by', {purpose: text(purpose), channel: channelName(t, channel)}));
}

export function channelName(t: TFunction, channel: string): string {
  return channel === 'none' ? t('said.noChannel') : t(`law.channels.${channel as 'email'}`);
}

function stateText(t: TFunction, state: State): string {
  if (state.expired) return t('said.expired');
  if (state.waiting_since && state.state !== 'given') return t('said.waiting');
  if (state.state === 'unknown') return t('said.unknown');
  return t(`said.acts.${(state.act ?? 'given') as 'given'}`);
}

function Line({state, onNote}: {state: State; onNote?: (subject: Subject) => void}) {
  const {t, i18n} = useTranslation();
  const format = useFormats();
  const subject = useSubject();
  const Sign = state.waiting_since && state.state !== 'given' ? IconClock : signs[state.state];
  const name = subject(state.purpose, state.channel);
  const {ruling, obstacle} = state;
  const language = i18n.language === 'de' ? 'de' : 'en';
  return (
    <li className={classes.line} data-state={state.state}>
      <span className={classes.sign}>
        <Sign size={20} aria-hidden />
      </span>
      <div className={classes.words}>
        <p>
          {name} <Chip tone={tones[state.state]}>{stateText(t, state)}</Chip>
        </p>
        <p className="soft small">
          {state.since && (
            <>
              <When at={state.since} />
              {state.by_another && ` · ${t('said.byAnother')}`}
              {state.expires_at && ` · ${t('said.until', {date: format.date(state.expires_at)})}`}
            </>
          )}
          {state.ask_again_at && ` · ${t('said.askAgain', {date: format.date(state.ask_again_at)})}`}
        </p>
        {ruling && (
          <details className="small">
            <summary>
              <strong data-decision={obstacle ? 'deny' : ruling.decision}>{t(obstacle || ruling.decision === 'deny' ? 'said.mayNot' : 'said.may')}</strong>{' '}
              {obstacle?.text[language]} {ruling.reason[language]}
            </summary>
            <dl className="facts">
              {obstacle?.way_out && (
                <>
                  <dt>{t('said.wouldChange')}</dt>
                  <dd>{obstacle.way_out[language]}</dd>
                </>
              )}
              {(ruling.remedies?.length ?? 0) > 0 && (
                <>
                  <dt>{t('said.wouldChange')}</dt>
                  <dd>
                    {ruling.remedies!.map(remedy => (
                      <div key={remedy.name}>{remedy.text[language]}</div>
                    ))}
                  </dd>
                </>
              )}
              {ruling.law.length > 0 && (
                <>
                  <dt>{t('said.byLaw')}</dt>
                  <dd>
                    {ruling.law.map(rule => (
                      <div key={rule.id}>
                        {rule.text[language]} <span className="soft">({rule.source})</span>
                      </div>
                    ))}
                  </dd>
                </>
              )}
            </dl>
          </details>
        )}
      </div>
      {onNote && (
        <Button size="compact-md" variant="default" onClick={() => onNote({purpose: state.purpose, channel: state.channel, no: state.state === 'given'})} aria-label={t(state.state === 'given' ? 'said.noNamed' : 'said.yesNamed', {name})}>
          {t(state.state === 'given' ? 'said.no' : 'said.yes')}
        </Button>
      )}
    </li>
  );
}

function Entry({statement, purpose}: {statement: Statement; purpose: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const subject = useSubject();
  const name = subject(statement.purpose, statement.channel);
  const parts = [statement.address, t(`said.ways.${statement.way as 'phone'}`), statement.guardian ? t('said.guardian') : null];
  return (
    <li className={classes.entry}>
      <p>
        <strong>{t(`said.acts.${statement.act}`)}</strong> · {name}
      </p>
      <p className="soft small">
        <time dateTime={statement.said_at}>{format.exact(statement.said_at)}</time> · {parts.filter(part => part !== null).join(' · ')}
      </p>
      <details className="small">
        <summary>{t('said.proof')}</summary>
        <Proof statement={statement} purpose={purpose} />
      </details>
    </li>
  );
}

// By what a statement can be shown, the words that were said yes or no to, and its receipt.
export function Proof({statement, purpose}: {statement: Statement; purpose: string}) {
  const {t} = useTranslation();
  return (
    <>
      {!statement.readable && <p>{t('said.unreadable')}</p>}
      <dl className="facts">
        <dt>{t('said.strength')}</dt>
        <dd>{t(`said.strengths.${statement.strength as 'stated'}`)}</dd>
        {statement.notice && (
          <>
            <dt>{t('said.notice')}</dt>
            <dd>{t('said.noticeVersion', {id: statement.notice.id, version: statement.notice.version})}</dd>
          </>
        )}
        {statement.evidence && (
          <>
            <dt>{t('said.evidence')}</dt>
            <dd>{statement.evidence}</dd>
          </>
        )}
      </dl>
      {statement.declaration && <p className={classes.declaration}>{statement.declaration}</p>}
      <Receipt statement={statement} purpose={purpose} />
    </>
  );
}

// The receipt as a file, for the customer to keep.
function Receipt({statement, purpose}: {statement: Statement; purpose: string}) {
  const {t} = useTranslation();
  const [busy, setBusy] = useState(false);
  async function load() {
    setBusy(true);
    try {
      const receipt = (await take(api.GET('/api/v1/consents/{id}/receipt', {params: {path: {id: statement.id}, query: {purpose}}}))) as Schemas['ConsentReceipt'];
      const url = URL.createObjectURL(new Blob([JSON.stringify(receipt, null, 2)], {type: 'application/json'}));
      const link = Object.assign(document.createElement('a'), {href: url, download: `${receipt.receipt_id}.json`});
      link.click();
      URL.revokeObjectURL(url);
    } catch (error) {
      notifyProblem(t, error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Button size="compact-md" variant="default" loading={busy} leftSection={<IconDownload size={16} aria-hidden />} onClick={() => void load()}>
      {t('said.receipt')}
    </Button>
  );
}
