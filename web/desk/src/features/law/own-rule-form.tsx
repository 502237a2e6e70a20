// A rule of your own, in two steps: what it says, and then what it would change, before it is saved.
import {Alert, Button, MultiSelect, NumberInput, Select, Textarea, TextInput} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {notify} from '../../parts/notify';
import {asProblem, explain, fieldError} from '../../parts/problem';
import classes from './law.module.css';
import {NormChanges} from './norm-changes';
import {type Channel, type NewOwnRule, type Preview, type Topic, useLaw, usePreview, useTextOf} from './queries';
import {channels, contactTopics, figureTopics, permissionTopics, requirements, today} from './words';

type Requirement = (typeof requirements)[number];
type Need = NonNullable<NewOwnRule['needs']>[number];

const topics = [...contactTopics, ...permissionTopics, 'quiet_hours', ...figureTopics] as const satisfies readonly Topic[];
const units = ['hours', 'days', 'working days', 'months', 'years'] as const;
const needs = ['explicit_consent', 'register_clear', 'named_recipient', 'human_review', 'safeguards', 'business_relationship'] as const satisfies readonly Need[];

interface Draft {
  id: string;
  jurisdiction: string;
  topic: (typeof topics)[number];
  channels: Channel[];
  requirement: Requirement;
  needs: Need[];
  count: number;
  unit: (typeof units)[number];
  years: number;
  quietFrom: string;
  quietUntil: string;
  from: string;
  until: string;
  source: string;
  de: string;
  en: string;
}

const blank: Draft = {
  id: 'own.',
  jurisdiction: '*',
  topic: 'advertising',
  channels: [],
  requirement: 'forbidden',
  needs: [],
  count: 1,
  unit: 'years',
  years: 16,
  quietFrom: '20:00',
  quietUntil: '08:00',
  from: '',
  until: '',
  source: '',
  de: '',
  en: '',
};

// Which fields a topic has.
function shapeOf(topic: Topic) {
  const permission = (permissionTopics as readonly Topic[]).includes(topic) || (contactTopics as readonly Topic[]).includes(topic);
  const byChannel = (contactTopics as readonly Topic[]).includes(topic) || topic === 'quiet_hours' || topic === 'consent_proof';
  const age = topic === 'age_of_consent';
  const quiet = topic === 'quiet_hours';
  return {permission, byChannel, age, quiet, term: !permission && !age && !quiet};
}

function ruleOf(draft: Draft): NewOwnRule {
  const {id, jurisdiction, topic, from, until, source, de, en} = draft;
  const shape = shapeOf(topic);
  return {
    id: id.trim(),
    jurisdiction,
    topic,
    from,
    ...(until ? {until} : {}),
    ...(shape.byChannel ? {channels: draft.channels} : {}),
    ...(shape.permission ? {requirement: draft.requirement, needs: draft.needs} : {}),
    ...(shape.quiet ? {requirement: 'forbidden', quiet_from: draft.quietFrom, quiet_until: draft.quietUntil} : {}),
    ...(shape.age ? {years: draft.years} : {}),
    ...(shape.term ? {term: `${draft.count} ${draft.unit}`} : {}),
    source: source.trim(),
    de: de.trim(),
    en: en.trim(),
  };
}

export function OwnRuleForm({onDone}: {onDone: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>({...blank, from: today()});
  const [asked, setAsked] = useState<Preview | null>(null);
  const preview = usePreview(asked);
  const change = (part: Partial<Draft>) => setDraft(before => ({...before, ...part}));
  const add = useMutation({
    mutationFn: () => take(api.POST('/api/v1/law/own-rules', {params: {header: {'Idempotency-Key': idempotencyKey()}}, body: ruleOf(draft)})),
    onSuccess: () => {
      notify({kind: 'good', text: t('law.ownWasAdded')});
      onDone();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  const error = preview.error ?? add.error;
  const reviewing = asked !== null && !preview.error;
  function next(event: FormEvent) {
    event.preventDefault();
    const wanted = {own_rule: ruleOf(draft), day: draft.from > today() ? draft.from : today()};
    if (JSON.stringify(wanted) === JSON.stringify(asked)) void preview.refetch();
    setAsked(wanted);
  }
  if (!reviewing) {
    return (
      <form className="stack" onSubmit={next}>
        <Fields draft={draft} change={change} error={error} />
        {error && (
          <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
            {explain(t, asProblem(error))}
          </Alert>
        )}
        <div className="row">
          <Button type="submit">{t('law.ownNext')}</Button>
          <Button variant="subtle" color="gray" onClick={onDone}>
            {t('common.cancel')}
          </Button>
        </div>
      </form>
    );
  }
  return (
    <div className="stack">
      <p>{draft.de}</p>
      <p>{draft.en}</p>
      <NormChanges preview={preview} draft={asked} />
      {add.error && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {explain(t, asProblem(add.error))}
        </Alert>
      )}
      <div className="row">
        <Button loading={add.isPending} disabled={preview.isPending} onClick={() => add.mutate()} data-autofocus>
          {t('law.ownAdd')}
        </Button>
        <Button variant="default" onClick={() => setAsked(null)}>
          {t('law.ownBack')}
        </Button>
      </div>
    </div>
  );
}

interface FieldsProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  error: Error | null;
}

function Fields({draft, change, error}: FieldsProps) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  const {data} = useLaw();
  const required = {required: true, withAsterisk: false} as const;
  const places = (data?.jurisdictions ?? []).map(place => ({value: place.code, label: place.code === '*' ? t('law.everywhere') : `${textOf(place.name)} (${place.code})`}));
  return (
    <>
      <div className={classes.fields}>
        <Select label={t('law.ownPlace')} searchable allowDeselect={false} value={draft.jurisdiction} onChange={jurisdiction => jurisdiction && change({jurisdiction})} data={places} error={fieldError(error, 'jurisdiction')} data-autofocus />
        <Select
          label={t('law.ownTopic')}
          searchable
          allowDeselect={false}
          value={draft.topic}
          onChange={topic => topic && change({topic: topic as Draft['topic']})}
          data={topics.map(topic => ({value: topic, label: t(`law.topics.${topic}`)}))}
          error={fieldError(error, 'topic')}
        />
        <Demands draft={draft} change={change} error={error} />
        <TextInput label={t('law.ownFrom')} type="date" {...required} value={draft.from} onChange={event => change({from: event.currentTarget.value})} error={fieldError(error, 'from')} />
        <TextInput label={t('law.ownUntil')} description={t('law.ownUntilHint')} inputWrapperOrder={['label', 'input', 'description', 'error']} type="date" value={draft.until} onChange={event => change({until: event.currentTarget.value})} error={fieldError(error, 'until')} />
      </div>
      <Textarea label={t('law.ownGerman')} {...required} autosize={false} rows={2} maxLength={600} value={draft.de} onChange={event => change({de: event.currentTarget.value})} error={fieldError(error, 'de')} />
      <Textarea label={t('law.ownEnglish')} {...required} rows={2} maxLength={600} value={draft.en} onChange={event => change({en: event.currentTarget.value})} error={fieldError(error, 'en')} />
      <TextInput label={t('law.ownSource')} description={t('law.ownSourceHint')} {...required} maxLength={600} value={draft.source} onChange={event => change({source: event.currentTarget.value})} error={fieldError(error, 'source')} />
      <TextInput label={t('law.ownId')} description={t('law.ownIdHint')} {...required} maxLength={80} spellCheck={false} value={draft.id} onChange={event => change({id: event.currentTarget.value})} error={fieldError(error, 'id')} />
    </>
  );
}

function Demands({draft, change, error}: FieldsProps) {
  const {t} = useTranslation();
  const shape = shapeOf(draft.topic);
  return (
    <>
      {shape.byChannel && (
        <MultiSelect
          label={t('law.ownChannels')}
          searchable
          value={draft.channels}
          onChange={chosen => change({channels: chosen as Channel[]})}
          data={channels.map(channel => ({value: channel, label: t(`law.channels.${channel}`)}))}
          error={fieldError(error, 'channels')}
        />
      )}
      {shape.permission && (
        <>
          <Select
            label={t('law.ownRequirement')}
            allowDeselect={false}
            value={draft.requirement}
            onChange={requirement => requirement && change({requirement: requirement as Requirement})}
            data={requirements.filter(requirement => requirement !== 'free').map(requirement => ({value: requirement, label: t(`law.requirement.${requirement}`)}))}
            error={fieldError(error, 'requirement')}
          />
          <MultiSelect label={t('law.ownNeeds')} searchable value={draft.needs} onChange={chosen => change({needs: chosen as Need[]})} data={needs.map(need => ({value: need, label: t(`law.needs.${need}`)}))} error={fieldError(error, 'needs')} />
        </>
      )}
      {shape.quiet && (
        <>
          <TextInput type="time" label={t('law.ownQuietFrom')} value={draft.quietFrom} onChange={event => change({quietFrom: event.currentTarget.value})} error={fieldError(error, 'quiet_from')} />
          <TextInput type="time" label={t('law.ownQuietUntil')} value={draft.quietUntil} onChange={event => change({quietUntil: event.currentTarget.value})} error={fieldError(error, 'quiet_until')} />
        </>
      )}
      {shape.age && <NumberInput label={t('law.ownYears')} min={1} max={30} allowDecimal={false} value={draft.years} onChange={years => change({years: Number(years)})} error={fieldError(error, 'years')} />}
      {shape.term && (
        <>
          <NumberInput label={t('law.ownTerm')} min={1} max={1000} allowDecimal={false} value={draft.count} onChange={count => change({count: Number(count)})} error={fieldError(error, 'term')} />
          <Select label={t('law.ownUnit')} allowDeselect={false} value={draft.unit} onChange={unit => unit && change({unit: unit as Draft['unit']})} data={units.map(unit => ({value: unit, label: t(`law.unit.${unit}`)}))} />
        </>
      )}
    </>
  );
}
