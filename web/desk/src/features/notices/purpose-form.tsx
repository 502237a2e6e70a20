// What is said of a purpose: which data, who gets it, how long it is kept, and what the customer gets for it.
import {Alert, Button, Select, TagsInput, Textarea, TextInput} from '@mantine/core';
import {IconAlertCircle, IconPlus} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take, takeTagged} from '../../api/client';
import {CountrySelect} from '../../parts/country-select';
import {notify} from '../../parts/notify';
import {Failed, Loading} from '../../parts/states';
import classes from './notices.module.css';
import type {Entry, NewEntry} from './queries';
import {wrongAtAll, wrongIn} from './sentences';
import {TermFields} from './term-fields';

type Recipient = NonNullable<NewEntry['recipients']>[number];
type Since = NewEntry['retention']['since'];

const roles = ['processor', 'controller', 'joint_controller'] as const;
const since = ['collected', 'last_use', 'contract_end', 'case_closed', 'consent_end'] as const satisfies readonly Since[];
const blank: NewEntry = {categories: [], recipients: [], retention: {term: '2 years', since: 'last_use'}, benefit: {de: '', en: ''}, description: {de: '', en: ''}};

interface FormProps {
  purpose: string;
  onDone: () => void;
}

// What is changed is what stands there now, by its tag.
export function EntryForm({entry, ...rest}: FormProps & {entry: Entry | undefined}) {
  const {purpose} = rest;
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['law', 'purpose-entries', purpose],
    enabled: entry !== undefined,
    gcTime: 0,
    queryFn: () => takeTagged(api.GET('/api/v1/purpose-entries/{purpose}', {params: {path: {purpose}}})),
  });
  if (!entry) return <Fields {...rest} before={blank} tag="" />;
  if (isPending) return <Loading />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  const {categories, recipients, retention, benefit, description} = data.data;
  return <Fields {...rest} before={{categories, recipients, retention, benefit: benefit ?? blank.benefit, description}} tag={data.etag} />;
}

function Fields({purpose, before, tag, onDone}: FormProps & {before: NewEntry; tag: string}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(before);
  const change = (part: Partial<NewEntry>) => setDraft(was => ({...was, ...part}));
  const save = useMutation({
    mutationFn: () => {
      const said = draft.benefit && (draft.benefit.de.trim() !== '' || draft.benefit.en.trim() !== '');
      const body = {...draft, benefit: said ? draft.benefit : null};
      return take(api.PUT('/api/v1/purpose-entries/{purpose}', {params: {path: {purpose}, header: tag ? {'If-Match': tag} : {}}, body}));
    },
    onSuccess: () => {
      notify({kind: 'good', text: t('purposes.saved')});
      onDone();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  const wrong = (name: string) => wrongIn(t, save.error, name);
  const failed = wrongAtAll(t, save.error);
  function submit(event: FormEvent) {
    event.preventDefault();
    save.mutate();
  }
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <fieldset className={classes.group}>
        <legend>{t('purposes.description')}</legend>
        <Both of={draft.description} name="description" wrong={wrong} onChange={description => change({description})} />
      </fieldset>
      <fieldset className={classes.group}>
        <legend>{t('purposes.benefit')}</legend>
        <p className="soft small">{t('purposes.benefitHint')}</p>
        <Both of={draft.benefit ?? {de: '', en: ''}} name="benefit" wrong={wrong} onChange={benefit => change({benefit})} />
      </fieldset>
      <TagsInput label={t('purposes.categories')} description={t('purposes.categoriesHint')} maxTags={50} acceptValueOnBlur value={draft.categories} onChange={categories => change({categories})} error={wrong('categories')} />
      <div className={classes.fields}>
        <TermFields label={t('purposes.retention')} value={draft.retention.term} onChange={term => change({retention: {...draft.retention, term}})} error={wrong('retention/term')} />
        <Select
          label={t('purposes.since')}
          allowDeselect={false}
          value={draft.retention.since}
          onChange={from => from && change({retention: {...draft.retention, since: from as Since}})}
          data={since.map(value => ({value, label: t(`law.retentionSince.${value}`)}))}
        />
      </div>
      <Recipients of={draft.recipients ?? []} wrong={wrong} onChange={recipients => change({recipients})} />
      {failed && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {failed}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={save.isPending}>
          {t('common.save')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}

type BothTexts = NewEntry['description'];

function Both({of, name, wrong, onChange}: {of: BothTexts; name: string; wrong: (field: string) => string | undefined; onChange: (next: BothTexts) => void}) {
  const {t} = useTranslation();
  return (
    <div className={classes.two}>
      {(['de', 'en'] as const).map(language => (
        <Textarea key={language} label={t(`notices.languages.${language}`)} lang={language} autosize minRows={2} maxRows={8} maxLength={1000} value={of[language]} onChange={event => onChange({...of, [language]: event.currentTarget.value})} error={wrong(`${name}/${language}`)} />
      ))}
    </div>
  );
}

function Recipients({of, wrong, onChange}: {of: Recipient[]; wrong: (field: string) => string | undefined; onChange: (next: Recipient[]) => void}) {
  const {t} = useTranslation();
  const change = (index: number, part: Partial<Recipient>) => onChange(of.map((each, at) => (at === index ? {...each, ...part} : each)));
  return (
    <fieldset className={classes.group}>
      <legend>{t('purposes.recipients')}</legend>
      {of.length === 0 && <p className="soft small">{t('purposes.nobodyElse')}</p>}
      {of.map((recipient, index) => (
        <div key={index} className={classes.recipient} role="group" aria-label={t('purposes.recipient', {number: index + 1})}>
          <div className={classes.fields}>
            <TextInput label={t('purposes.recipientName')} maxLength={200} value={recipient.name} onChange={event => change(index, {name: event.currentTarget.value})} error={wrong(`recipients/${index}/name`)} />
            <CountrySelect label={t('purposes.recipientCountry')} value={recipient.country} onChange={country => change(index, {country})} error={wrong(`recipients/${index}/country`)} />
            <Select label={t('purposes.recipientRole')} allowDeselect={false} value={recipient.role} onChange={role => role && change(index, {role: role as Recipient['role']})} data={roles.map(value => ({value, label: t(`law.recipientRole.${value}`)}))} />
          </div>
          <TextInput label={t('purposes.safeguards')} description={t('purposes.safeguardsHint')} maxLength={200} value={recipient.safeguards ?? ''} onChange={event => change(index, {safeguards: event.currentTarget.value || null})} error={wrong(`recipients/${index}/safeguards`)} />
          <div>
            <Button variant="subtle" color="gray" size="compact-md" onClick={() => onChange(of.filter((_, at) => at !== index))} aria-label={t('purposes.recipientRemoveNamed', {name: recipient.name || index + 1})}>
              {t('purposes.recipientRemove')}
            </Button>
          </div>
        </div>
      ))}
      <div>
        <Button variant="default" size="compact-md" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => onChange([...of, {name: '', country: '', role: 'processor', safeguards: null}])}>
          {t('purposes.recipientAdd')}
        </Button>
      </div>
    </fieldset>
  );
}
