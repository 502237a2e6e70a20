// What would be another norm, before anything is saved: the same change in many countries is told once.
import {Alert} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useTranslation} from 'react-i18next';
import type {Schemas} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {asProblem, explain} from '../../parts/problem';
import {Loading} from '../../parts/states';
import {LawEffect} from './effect';
import classes from './law.module.css';
import {usePeopleThere} from './people';
import {type Channel, type Preview, type Topic, usePlaceName, usePreview} from './queries';
import {dayText, requirementText, termText} from './words';

type Side = Schemas['NormSide'];

function useSideText() {
  const {t} = useTranslation();
  return (topic: Topic, side: Side) => {
    const words = [
      ...(topic === 'quiet_hours' ? [side.quiet_from && side.quiet_until ? t('law.quietText', {from: side.quiet_from, until: side.quiet_until}) : t('law.noQuiet')] : []),
      ...(side.requirement && topic !== 'quiet_hours' ? [requirementText(t, topic, side.requirement, side.needs, side.exceptions)] : []),
      ...(side.term ? [termText(t, side.term)] : []),
      ...(side.years ? [t('law.years', {count: side.years})] : []),
    ];
    return words.join(', ') || t('law.none');
  };
}

// Where the few words are the same before and after: what is different in them.
function useDetails() {
  const {t} = useTranslation();
  const format = useFormats();
  return (words: string, side: Side) => {
    const details = [...side.needs.map(need => t(`law.needs.${need}`)), ...side.duties.map(duty => t(`law.duties.${duty}`))];
    return details.length > 0 ? `${words} (${format.list(details)})` : words;
  };
}

// `draft`: the change that is previewed; whom it concerns is counted when somebody asks.
export function NormChanges({preview, draft}: {preview: ReturnType<typeof usePreview>; draft: Preview}) {
  const {t} = useTranslation();
  const format = useFormats();
  const sideText = useSideText();
  const details = useDetails();
  const placeName = usePlaceName();
  const peopleThere = usePeopleThere();
  if (preview.isPending) return <Loading lines={3} />;
  if (preview.error) {
    return (
      <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
        {explain(t, asProblem(preview.error))}
      </Alert>
    );
  }
  const same = new Map<string, {what: string; before: string; after: string; topic: Topic; channel: Channel | null; places: string[]}>();
  for (const {country, topic, channel, before, after} of preview.data.items) {
    const what = channel ? t('law.rulesOf', {topic: t(`law.topics.${topic}`), channel: t(`law.channels.${channel}`)}) : t(`law.topics.${topic}`);
    const words = {before: sideText(topic, before), after: sideText(topic, after)};
    const alike = words.before === words.after;
    const change = {what, before: alike ? details(words.before, before) : words.before, after: alike ? details(words.after, after) : words.after};
    const key = JSON.stringify(change);
    const known = same.get(key);
    if (known) known.places.push(country);
    else same.set(key, {...change, topic, channel, places: [country]});
  }
  return (
    <section aria-label={t('law.wouldChange')} className={classes.changes}>
      <h3>{t('law.wouldChange')}</h3>
      <p className="soft small">{t('law.wouldChangeOn', {day: dayText(format, preview.data.day)})}</p>
      {same.size === 0 ? (
        <p className="small">{t('law.wouldNot')}</p>
      ) : (
        <ul className={classes.list}>
          {[...same].map(([key, {what, before, after, topic, channel, places}]) => (
            <li key={key}>
              <strong>{what}</strong>
              <br />
              {t('law.wasNow', {before, after})}
              <br />
              <span className="soft">
                {format.list(places.map(placeName))}. {peopleThere(topic, [channel], places)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {same.size > 0 && <LawEffect key={JSON.stringify(draft)} draft={draft} />}
    </section>
  );
}
