// What holds in a country on a day, in words; each answer opens the rules that it comes from. Which one is open, and of
// which day, stands in the address.
import {Button, TextInput, VisuallyHidden} from '@mantine/core';
import {IconArrowLeft, IconFlask2} from '@tabler/icons-react';
import {Link, useNavigate, useParams, useSearch} from '@tanstack/react-router';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {useFormats} from '../../i18n/format';
import {Dialog} from '../../parts/dialog';
import {Page, Section} from '../../parts/page';
import {Failed, Loading} from '../../parts/states';
import {ConfirmDialog} from './confirm-dialog';
import classes from './law.module.css';
import {NoAdvice} from './law-page';
import {type Channel, type Jurisdiction, type Norm, type Rule, type Topic, useJurisdiction, usePlaceName, useTextOf} from './queries';
import {RuleCard} from './rule-card';
import {channels, contactTopics, dayText, figureTopics, holdsOn, NormWords, normText, permissionTopics, today} from './words';

export function CountryPage() {
  const {t} = useTranslation();
  const {code} = useParams({from: '/law/$code'});
  const {day} = useSearch({from: '/law/$code'});
  const navigate = useNavigate({from: '/law/$code'});
  const textOf = useTextOf();
  const format = useFormats();
  const list = useJurisdiction(code, day);
  const actions = (
    <>
      <Button component={Link} to="/law" variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />}>
        {t('law.toCountries')}
      </Button>
      <Button renderRoot={props => <Link to="/law/try" search={{country: code === '*' ? undefined : code}} {...props} />} variant="default" leftSection={<IconFlask2 size={16} aria-hidden />}>
        {t('law.toTry')}
      </Button>
    </>
  );
  return (
    <Page title={list.data ? textOf(list.data.name) : code} lead={list.data && <Lead of={list.data} />} actions={actions}>
      <NoAdvice />
      <div className="row-wide">
        <TextInput
          className={classes.dayField}
          type="date"
          label={t('law.day')}
          description={t('law.dayHint')}
          value={day ?? today()}
          onChange={event => void navigate({search: before => ({...before, day: event.currentTarget.value || undefined}), replace: true, resetScroll: false})}
        />
        {day && day !== today() && (
          <>
            <span role="status">{t('law.notToday', {day: dayText(format, day)})}</span>
            <Button size="compact-sm" variant="default" onClick={() => void navigate({search: before => ({...before, day: undefined}), replace: true, resetScroll: false})}>
              {t('law.today')}
            </Button>
          </>
        )}
      </div>
      {list.isPending ? (
        <Loading lines={8} height={32} />
      ) : list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : (
        <Country of={list.data} />
      )}
    </Page>
  );
}

function Lead({of}: {of: Jurisdiction}) {
  const {t} = useTranslation();
  const placeName = usePlaceName();
  if (of.code === '*') return t('law.strictest');
  if (of.group) return t('law.groupText');
  return of.within ? t('law.withinText', {place: placeName(of.within)}) : null;
}

function Country({of}: {of: Jurisdiction}) {
  const {t} = useTranslation();
  const {at} = useSearch({from: '/law/$code'});
  const navigate = useNavigate({from: '/law/$code'});
  const [confirming, setConfirming] = useState<Rule | null>(null);
  const open = (norm: Norm) => void navigate({search: before => ({...before, at: placeOf(norm)}), resetScroll: false});
  const close = () => void navigate({search: before => ({...before, at: undefined}), replace: true, resetScroll: false});
  const norms = (topic: Topic) => of.norms.filter(norm => norm.topic === topic);
  const opened = of.norms.find(norm => placeOf(norm) === at);
  const figures = figureTopics.flatMap(norms);
  const quiet = norms('quiet_hours').filter(norm => norm.quiet_from);
  const inForce = of.rules.filter(rule => holdsOn(rule, of.day));
  // What is meant for everywhere else bears on this only where nobody says more.
  const about = (topic: Topic) => {
    const all = inForce.filter(rule => rule.topic === topic);
    const meant = all.filter(rule => rule.jurisdiction !== '*');
    return meant.some(rule => rule.status !== 'unverified') ? meant : all;
  };
  const unverified = of.rules.filter(rule => rule.status === 'unverified' && rule.jurisdiction === of.code);
  const list = (title: string, rules: Rule[], hint?: string) => rules.length > 0 && <Rules title={title} hint={hint} rules={rules} onConfirm={setConfirming} />;
  return (
    <>
      {!of.group && (
        <>
          <Section title={t('law.contact')} hint={t('law.contactHint')}>
            <Matrix of={of} onOpen={open} />
          </Section>
          <Section title={t('law.uses')}>
            <Figures norms={permissionTopics.flatMap(norms)} onOpen={open} />
          </Section>
          <Section title={t('law.figures')}>
            <Figures norms={figures} onOpen={open} />
          </Section>
          <Section title={t('law.quiet')}>{quiet.length === 0 ? <p className="small">{t('law.noQuiet')}</p> : <Figures norms={quiet} onOpen={open} />}</Section>
          {list(t('law.keeping'), about('retention'))}
          {list(t('law.fines'), about('fine'))}
          {list(t('law.transfers'), about('transfer'))}
        </>
      )}
      {of.group ? list(t('law.inForce'), inForce.filter(rule => rule.jurisdiction === of.code)) : list(t('law.notChecked'), unverified, t('law.notCheckedHint'))}
      <NormDialog norm={opened} of={of} onClose={close} onConfirm={setConfirming} />
      <ConfirmDialog rule={confirming} day={of.day} onClose={() => setConfirming(null)} />
    </>
  );
}

const fewRules = 6;

// Many of them are folded.
function Rules({title, hint, rules, onConfirm}: {title: string; hint?: string; rules: Rule[]; onConfirm: (rule: Rule) => void}) {
  const {t} = useTranslation();
  const cards = rules.map(rule => <RuleCard key={rule.id} rule={rule} role={t(`law.topics.${rule.topic}`)} onConfirm={onConfirm} />);
  return (
    <Section title={title} hint={hint}>
      {rules.length <= fewRules ? (
        cards
      ) : (
        <details className={classes.more}>
          <summary>{t('law.rulesCount', {count: rules.length})}</summary>
          {cards}
        </details>
      )}
    </Section>
  );
}

// "advertising.email", as it stands in the address.
function placeOf(norm: Norm): string {
  return norm.channel ? `${norm.topic}.${norm.channel}` : norm.topic;
}

interface OpenProps {
  onOpen: (norm: Norm) => void;
}

function Matrix({of, onOpen}: {of: Jurisdiction} & OpenProps) {
  const {t} = useTranslation();
  const at = (topic: Topic, channel: Channel) => of.norms.find(norm => norm.topic === topic && norm.channel === channel);
  return (
    <table className={classes.table} aria-label={t('law.contact')}>
      <thead>
        <tr>
          <th scope="col">{t('law.topic')}</th>
          {channels.map(channel => (
            <th key={channel} scope="col">
              {t(`law.channels.${channel}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {contactTopics.map(topic => (
          <tr key={topic}>
            <th scope="row">{t(`law.topics.${topic}`)}</th>
            {channels.map(channel => {
              const norm = at(topic, channel);
              return <td key={channel}>{norm && <Cell norm={norm} onOpen={onOpen} />}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// Its name says of what it is, also where the heads of row and column say it to the eye.
function Cell({norm, onOpen}: {norm: Norm} & OpenProps) {
  const {t} = useTranslation();
  const topic = t(`law.topics.${norm.topic}`);
  const channel = norm.channel && t(`law.channels.${norm.channel}`);
  return (
    <button type="button" className={classes.cell} aria-haspopup="dialog" onClick={() => onOpen(norm)}>
      <VisuallyHidden>{t('law.rulesOf', {topic, channel})}: </VisuallyHidden>
      <span className={classes.cellLabel} aria-hidden>
        {channel}
      </span>
      <NormWords norm={norm} />
    </button>
  );
}

function Figure({norm, onOpen}: {norm: Norm} & OpenProps) {
  const {t} = useTranslation();
  const topic = t(`law.topics.${norm.topic}`);
  return (
    <button type="button" className={`${classes.cell} ${classes.figure}`} aria-haspopup="dialog" onClick={() => onOpen(norm)}>
      <span>{norm.channel ? t('law.rulesOf', {topic, channel: t(`law.channels.${norm.channel}`)}) : topic}</span>
      <VisuallyHidden>: </VisuallyHidden>
      <NormWords norm={norm} />
    </button>
  );
}

function Figures({norms, onOpen}: {norms: Norm[]} & OpenProps) {
  return (
    <ul className={classes.figures}>
      {norms.map(norm => (
        <li key={placeOf(norm)}>
          <Figure norm={norm} onOpen={onOpen} />
        </li>
      ))}
    </ul>
  );
}

interface NormDialogProps {
  norm: Norm | undefined;
  of: Jurisdiction;
  onClose: () => void;
  onConfirm: (rule: Rule) => void;
}

function touches(rule: Rule, norm: Norm): boolean {
  return rule.topic === norm.topic && (norm.channel === null || rule.channels?.includes(norm.channel) === true);
}

// The decisive rule first, then what made it stricter, then what is not verified and so bears on nothing. While a rule is being confirmed its dialog lies on top.
function NormDialog({norm, of, onClose, onConfirm}: NormDialogProps) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  const topic = norm && t(`law.topics.${norm.topic}`);
  const idle = norm ? of.rules.filter(rule => touches(rule, norm) && rule.jurisdiction === of.code && rule.status === 'unverified' && holdsOn(rule, of.day) && !norm.rules.includes(rule.id)) : [];
  return (
    <Dialog opened={norm !== undefined} onClose={onClose} size="lg" title={norm && (norm.channel ? t('law.rulesOf', {topic, channel: t(`law.channels.${norm.channel}`)}) : topic)}>
      {norm && (
        <>
          <p>
            {textOf(of.name)}: <strong>{normText(t, norm)}</strong>
          </p>
          {norm.rules.length === 0 && <p className="soft">{t('law.nothing')}</p>}
          {norm.rules.map((id, index) => {
            const rule = of.rules.find(each => each.id === id);
            const role = t(index === 0 ? 'law.decisive' : 'law.tightened');
            return rule ? (
              <RuleCard key={id} rule={rule} role={role} onConfirm={onConfirm} />
            ) : (
              <p key={id}>
                {t('law.ruleUnknown')} <code>{id}</code>
              </p>
            );
          })}
          {idle.map(rule => (
            <RuleCard key={rule.id} rule={rule} role={t('law.idle')} onConfirm={onConfirm} />
          ))}
        </>
      )}
    </Dialog>
  );
}
