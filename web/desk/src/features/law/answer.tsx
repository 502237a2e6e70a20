// What the gate says to a question: allowed or not, why, by which law, with which duties, and what would have to change.
import {Button, CopyButton} from '@mantine/core';
import {IconBan, IconCheck, IconCopy, IconEyeOff} from '@tabler/icons-react';
import {useTranslation} from 'react-i18next';
import {Chip} from '../../parts/chip';
import {Section} from '../../parts/page';
import {Failed, Loading} from '../../parts/states';
import classes from './law.module.css';
import {type Question, type Rule, type Ruling, useRuling, useTextOf} from './queries';
import {SourceLink, StatusChip} from './rule-card';

const signs = {allow: IconCheck, allow_unlinked: IconEyeOff, deny: IconBan};

export function Answer({question}: {question: Question}) {
  const {t} = useTranslation();
  const {data, error, isPending, refetch} = useRuling(question);
  if (isPending) return <Loading lines={4} />;
  if (error || !data) return <Failed error={error} retry={() => void refetch()} />;
  return (
    <>
      <Section title={t('law.answer')}>
        <Said ruling={data} />
      </Section>
      {data.decision !== 'allow' && (
        <Section title={t('law.remedies')} hint={data.remedies?.length ? t('law.remediesHint') : undefined}>
          <Remedies ruling={data} />
        </Section>
      )}
      <Section title={t('law.byLaw')}>
        {data.law.length === 0 ? <p className="small">{t('law.noLaw')}</p> : data.law.map(rule => <Cited key={rule.id} rule={rule} />)}
      </Section>
      <Request question={question} />
    </>
  );
}

function Said({ruling}: {ruling: Ruling}) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  const Sign = signs[ruling.decision];
  return (
    <div className="stack-tight">
      <p className={classes.answer} data-decision={ruling.decision} role="status">
        <Sign size={24} aria-hidden />
        {t(`law.${ruling.decision}`)}
      </p>
      <p>{textOf(ruling.reason)}</p>
      {ruling.wait_until && <p>{t('law.waitUntil', {time: ruling.wait_until})}</p>}
      <dl className="facts">
        <dt>{t('law.because')}</dt>
        <dd>
          {ruling.rules.map(rule => (
            <div key={rule.name}>
              {textOf(rule.text)} <code className="soft">{rule.name}</code>
            </div>
          ))}
        </dd>
        {ruling.duties.length > 0 && (
          <>
            <dt>{t('law.comesWith')}</dt>
            <dd>{ruling.duties.map(duty => t(`law.duties.${duty as 'keep_proof'}`)).join(' · ')}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

function Remedies({ruling}: {ruling: Ruling}) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  if (!ruling.remedies?.length) return <p className="small">{t('law.noRemedy')}</p>;
  return (
    <ul className={classes.points}>
      {ruling.remedies.map(remedy => (
        <li key={remedy.name}>{textOf(remedy.text)}</li>
      ))}
    </ul>
  );
}

function Cited({rule}: {rule: Ruling['law'][number]}) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  return (
    <article className={classes.rule} aria-label={rule.id}>
      <div className="row">
        {rule.own ? <Chip tone="accent">{t('law.ownRule')}</Chip> : <StatusChip status={rule.status as Rule['status']} />}
        <span className="soft small">{t(rule.own ? 'law.holdsIn' : 'law.ofPlace', {place: textOf(rule.place)})}</span>
      </div>
      <p>{textOf(rule.text)}</p>
      <p className="small">
        <span className="soft">{t('law.source')}:</span> <SourceLink source={rule.source} link={rule.link} /> <code className="soft">{rule.id}</code>
      </p>
    </article>
  );
}

function Request({question}: {question: Question}) {
  const {t} = useTranslation();
  const text = JSON.stringify({questions: [question], explain: true}, null, 2);
  const copy = (
    <CopyButton value={text}>
      {({copied, copy}) => (
        <Button variant="default" leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />} onClick={copy}>
          {copied ? t('common.copied') : t('law.copyJson')}
        </Button>
      )}
    </CopyButton>
  );
  return (
    <Section title={t('law.json')} hint={t('law.jsonHint')} actions={copy}>
      <pre className={classes.json} tabIndex={0} role="group" aria-label={t('law.json')}>
        <code>{text}</code>
      </pre>
    </Section>
  );
}
