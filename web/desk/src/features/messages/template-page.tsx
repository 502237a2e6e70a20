// One template: its versions, and the next one, in German and English side by side, with what arrives beside it.
import {Alert, Button, Select, TagsInput, Textarea, TextInput} from '@mantine/core';
import {IconAlertCircle, IconArrowLeft, IconInfoCircle, IconSend} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Link, useNavigate, useParams, useSearch} from '@tanstack/react-router';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {useNames} from '../../parts/names';
import {notify} from '../../parts/notify';
import {Page, Section} from '../../parts/page';
import {asProblem} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {useMay} from '../../session/session';
import {MailPreview, usePreview} from './mail-preview';
import classes from './messages.module.css';
import {type NewTemplate, type Template, useTemplate, useTemplates} from './queries';
import {wrongAtAll, wrongIn} from './sentences';

const languages = ['de', 'en'] as const;
const blankTexts = {subject: '', text: '', html: ''};
const blank: NewTemplate = {id: '', purpose: '', parameters: [], texts: {de: blankTexts, en: blankTexts}};

function BackButton() {
  const {t} = useTranslation();
  return (
    <Button component={Link} to="/messages/templates" variant="default" leftSection={<IconArrowLeft size={16} aria-hidden />}>
      {t('templates.toList')}
    </Button>
  );
}

export function NewTemplatePage() {
  const {t} = useTranslation();
  return (
    <Page title={t('templates.addTitle')} lead={t('templates.lead')} actions={<BackButton />}>
      <Editor before={blank} />
    </Page>
  );
}

export function TemplatePage() {
  const {t} = useTranslation();
  const {id} = useParams({from: '/messages/templates/$id'});
  const {version} = useSearch({from: '/messages/templates/$id'});
  const shown = useTemplate(id, version);
  const newest = useTemplate(id, undefined);
  const error = shown.error ?? newest.error;
  const missing = error && asProblem(error).status === 404;
  return (
    <Page title={id} lead={shown.data && <Lead template={shown.data} />} actions={<BackButton />}>
      {missing ? (
        <section className="card">
          <Empty title={t('templates.unknown')} action={<Link to="/messages/templates">{t('templates.toList')}</Link>} />
        </section>
      ) : error ? (
        <Failed error={error} retry={() => void Promise.all([shown.refetch(), newest.refetch()])} />
      ) : !shown.data || !newest.data ? (
        <Loading lines={8} height={32} />
      ) : (
        <Body shown={shown.data} newest={newest.data} />
      )}
    </Page>
  );
}

function Lead({template}: {template: Template}) {
  const {t} = useTranslation();
  const meaning = usePurposeText();
  return (
    <span className="row">
      {meaning(template.purpose)}
      {template.built_in && <Chip>{t('templates.builtIn')}</Chip>}
    </span>
  );
}

function contentOf({id, purpose, parameters, texts}: Template): NewTemplate {
  const of = (language: 'de' | 'en') => ({...blankTexts, ...texts[language]});
  return {id, purpose, parameters, texts: {de: of('de'), en: of('en')}};
}

function Body({shown, newest}: {shown: Template; newest: Template}) {
  const {t} = useTranslation();
  const format = useFormats();
  const may = useMay();
  const nameOf = useNames();
  const navigate = useNavigate({from: '/messages/templates/$id'});
  const {purposes} = usePurposes();
  const [base, setBase] = useState<Template | null>(null);
  const theirs = purposes.find(each => each.name === newest.purpose)?.may_look === true;
  const writes = may('publishTemplate') && !newest.built_in && theirs;
  const isNewest = shown.version === newest.version;
  const versions = Array.from({length: newest.version}, (_, index) => newest.version - index);
  return (
    <>
      {newest.built_in && (
        <p className={classes.note} role="note">
          <IconInfoCircle size={18} aria-hidden />
          {t('templates.builtInText')}
        </p>
      )}
      <Section
        title={t('templates.versionOf', {version: shown.version})}
        hint={shown.published_at && `${t('templates.publishedBy', {name: nameOf(shown.published_by ?? '')})}, ${format.date(shown.published_at)}`}
        actions={
          versions.length > 1 && (
            <Select
              aria-label={t('templates.version')}
              allowDeselect={false}
              value={String(shown.version)}
              onChange={next => void navigate({search: {version: Number(next) === newest.version ? undefined : Number(next)}, replace: true, resetScroll: false})}
              data={versions.map(version => ({value: String(version), label: `${t('templates.versionOf', {version})}${version === newest.version ? ` (${t('templates.newest')})` : ''}`}))}
            />
          )
        }
      >
        <div className="stack">
          {!isNewest && (
            <div className="row">
              <span>{t('templates.older')}</span>
              {writes && (
                <Button size="compact-md" variant="default" onClick={() => setBase(shown)}>
                  {t('templates.takeUp')}
                </Button>
              )}
            </div>
          )}
          <Reading template={contentOf(shown)} />
        </div>
      </Section>
      {writes && <Editor key={`${newest.version} ${base?.version ?? ''}`} before={contentOf(base ?? newest)} existing />}
    </>
  );
}

// As it is, with something in its places.
function Reading({template}: {template: NewTemplate}) {
  const preview = usePreview(template, {});
  return <MailPreview preview={preview} />;
}

function Editor({before, existing = false}: {before: NewTemplate; existing?: boolean}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const known = useTemplates().data?.map(each => each.id) ?? [];
  const [draft, setDraft] = useState(before);
  const [sample, setSample] = useState<Record<string, string>>({});
  const [tried, setTried] = useState(false);
  const change = (part: Partial<NewTemplate>) => setDraft(was => ({...was, ...part}));
  const preview = usePreview(draft, sample);
  const publish = useMutation({
    mutationFn: () => take(api.POST('/api/v1/templates', {params: {header: {'Idempotency-Key': idempotencyKey()}}, body: draft})),
    onSuccess: made => {
      notify({kind: 'good', text: t('templates.published', {version: made.version})});
      void navigate({to: '/messages/templates/$id', params: {id: made.id}, search: {}});
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['templates']}),
  });
  const taken = !existing && known.includes(draft.id);
  // While somebody types only what they typed is told to be wrong; once they publish, what is missing as well.
  const error = publish.error ?? preview.error;
  const wrong = (name: string, value: string | string[] | undefined) => (tried || (value && value.length > 0) ? wrongIn(t, error, name) : undefined);
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (!taken) publish.mutate();
  }
  const failed = tried ? wrongAtAll(t, publish.error) : undefined;
  return (
    <form onSubmit={submit} noValidate onChange={() => publish.reset()}>
      <Section title={t(existing ? 'templates.edit' : 'templates.addTitle')} hint={t('templates.publishHint')}>
        <div className="stack">
          {!existing && <Naming draft={draft} taken={taken} wrong={wrong} onChange={change} />}
          <TagsInput label={t('templates.parameters')} description={t('templates.parametersHint')} maxTags={20} acceptValueOnBlur value={draft.parameters} onChange={parameters => change({parameters})} error={wrong('parameters', draft.parameters)} />
          <p className="small soft">
            {t('templates.places')}{' '}
            {[...(draft.parameters ?? []), 'unsubscribe'].map(name => (
              <span key={name}>
                <code>{`{{${name}}}`}</code>{' '}
              </span>
            ))}
            {t('templates.unsubscribeHint')}
          </p>
          <Texts draft={draft} wrong={wrong} onChange={change} />
          <Sample draft={draft} sample={sample} error={preview.error} onChange={setSample} />
          <h3>{t('templates.preview')}</h3>
          <MailPreview preview={preview} />
          {failed && (
            <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
              {failed}
            </Alert>
          )}
          <div className="row">
            <Button type="submit" leftSection={<IconSend size={16} aria-hidden />} loading={publish.isPending}>
              {t('templates.publish')}
            </Button>
          </div>
        </div>
      </Section>
    </form>
  );
}

interface PartProps {
  draft: NewTemplate;
  wrong: (name: string, value: string | string[] | undefined) => string | undefined;
  onChange: (part: Partial<NewTemplate>) => void;
}

function Naming({draft, taken, wrong, onChange}: PartProps & {taken: boolean}) {
  const {t} = useTranslation();
  const {purposes} = usePurposes();
  const meaning = usePurposeText();
  return (
    <div className={classes.two}>
      <TextInput label={t('templates.id')} description={t('templates.idHint')} maxLength={64} autoCapitalize="off" value={draft.id} onChange={event => onChange({id: event.currentTarget.value})} error={taken ? t('templates.idTaken') : wrong('id', draft.id)} />
      <Select
        label={t('templates.purpose')}
        description={t('templates.purposeHint')}
        searchable
        value={draft.purpose || null}
        onChange={purpose => onChange({purpose: purpose ?? ''})}
        data={purposes.filter(each => each.may_look).map(each => ({value: each.name, label: meaning(each.name)}))}
        error={wrong('purpose', draft.purpose)}
      />
    </div>
  );
}

function Texts({draft, wrong, onChange}: PartProps) {
  const {t} = useTranslation();
  const change = (language: 'de' | 'en', part: Partial<NewTemplate['texts']['de']>) => onChange({texts: {...draft.texts, [language]: {...draft.texts[language], ...part}}});
  return (
    <div className={classes.two}>
      {languages.map(language => {
        const {subject, text, html = ''} = draft.texts[language];
        const at = (part: string, value: string) => wrong(`texts/${language}/${part}`, value);
        return (
          <fieldset key={language} className={classes.group}>
            <legend>{t(`templates.languages.${language}`)}</legend>
            <TextInput label={t('templates.subject')} lang={language} maxLength={200} value={subject} onChange={event => change(language, {subject: event.currentTarget.value})} error={at('subject', subject)} />
            <Textarea label={t('templates.text')} lang={language} autosize minRows={8} maxRows={24} maxLength={20_000} value={text} onChange={event => change(language, {text: event.currentTarget.value})} error={at('text', text)} />
            <details className={classes.more} open={html !== '' || undefined}>
              <summary>{t('templates.html')}</summary>
              <Textarea aria-label={t('templates.html')} description={t('templates.htmlHint')} lang={language} autosize minRows={4} maxRows={24} maxLength={100_000} value={html} onChange={event => change(language, {html: event.currentTarget.value})} error={at('html', html)} />
            </details>
          </fieldset>
        );
      })}
    </div>
  );
}

function Sample({draft, sample, error, onChange}: {draft: NewTemplate; sample: Record<string, string>; error: unknown; onChange: (sample: Record<string, string>) => void}) {
  const {t} = useTranslation();
  const names = draft.parameters ?? [];
  if (names.length === 0) return null;
  return (
    <fieldset className={classes.group}>
      <legend>{t('templates.sample')}</legend>
      <p className="soft small">{t('templates.sampleHint')}</p>
      <div className={classes.two}>
        {names.map(name => (
          <TextInput key={name} label={name} maxLength={2000} value={sample[name] ?? ''} onChange={event => onChange({...sample, [name]: event.currentTarget.value})} error={sample[name] ? wrongIn(t, error, `parameters/${name}`) : undefined} />
        ))}
      </div>
    </fieldset>
  );
}
