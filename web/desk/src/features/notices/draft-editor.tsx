// The draft of a notice's next version: German and English side by side, beside it what people will read.
import {Alert, Button, Checkbox, MultiSelect, Select, Textarea, TextInput} from '@mantine/core';
import {IconAlertCircle, IconSend} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take, takeTagged} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {notify} from '../../parts/notify';
import {asProblem, notifyProblem} from '../../parts/problem';
import {channels} from '../law/words';
import classes from './notices.module.css';
import {Preview, useLanguageName} from './preview';
import type {NoticeText, Version} from './queries';
import {wrongAtAll, wrongIn} from './sentences';
import {TermFields} from './term-fields';
import {PublishDialog} from './turn-dialogs';

const own = ['de', 'en'] as const;
const flags = ['explicit_consent', 'names_recipients', 'quiet_hours'] as const;
const parts = ['title', 'text', 'declaration', 'withdrawal'] as const;
const longest = {title: 200, text: 8000, declaration: 1000, withdrawal: 1000};

type Content = Pick<Version, 'purposes' | 'channels' | 'validity' | (typeof flags)[number]> & {texts: NoticeText[]};

// Both languages of the desk are there, in the server's order: by that it names a text that lacks something.
function contentOf({purposes, channels: by, validity, explicit_consent, names_recipients, quiet_hours, texts}: Version): Content {
  const missing = own.filter(language => !texts.some(text => text.language === language));
  const all = [...texts, ...missing.map(language => ({language, title: '', text: '', declaration: '', withdrawal: ''}))];
  return {purposes, channels: by, validity, explicit_consent, names_recipients, quiet_hours, texts: all.sort((a, b) => (a.language < b.language ? -1 : 1))};
}

interface EditorProps {
  draft: Version;
  tag: string;
  published: Version | null;
  onReadAgain: () => void;
}

export function DraftEditor({published, onReadAgain, ...first}: EditorProps) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  // What is changed here. Where somebody else saves another meanwhile, the tag no longer fits, and the server says so.
  const [{draft, tag}, setBase] = useState({draft: first.draft, tag: first.tag});
  const [content, setContent] = useState(() => contentOf(draft));
  const [publishing, setPublishing] = useState<Version | null>(null);
  const [error, setError] = useState<unknown>(null);
  const change = (part: Partial<Content>) => setContent(before => ({...before, ...part}));
  const changed = JSON.stringify(content) !== JSON.stringify(contentOf(draft));
  const fresh = () => queries.invalidateQueries({queryKey: ['law', 'notices']});
  const params = {path: {id: draft.id}, header: {'If-Match': tag}};
  const save = useMutation({
    mutationFn: async () => {
      const {data, etag} = await takeTagged(api.PUT('/api/v1/notices/{id}/draft', {params, body: content}));
      return {draft: data as Version, tag: etag};
    },
    onError: setError,
    onSuccess: saved => {
      setError(null);
      setBase(saved);
      setContent(contentOf(saved.draft));
    },
  });
  const discard = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/notices/{id}/draft', {params})),
    onSuccess: () => {
      notify({kind: 'good', text: t('notices.discarded'), undo: () => putBack.mutate()});
      void fresh();
    },
    onError: setError,
  });
  const putBack = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/notices/{id}/draft', {params: {path: {id: draft.id}}, body: contentOf(draft)})),
    onError: problem => notifyProblem(t, problem),
    onSettled: fresh,
  });
  async function submit(event: FormEvent) {
    event.preventDefault();
    await save.mutateAsync().then(
      () => {
        notify({kind: 'good', text: t('notices.saved')});
        return fresh();
      },
      () => {},
    );
  }
  // What is published is what stands on the server: what was typed is saved first.
  async function publish() {
    if (!changed) return setPublishing(draft);
    await save.mutateAsync().then(
      saved => setPublishing(saved.draft),
      () => {},
    );
  }
  const close = () => {
    setPublishing(null);
    void fresh();
  };
  const failed = wrongAtAll(t, error);
  const overtaken = error !== null && ['precondition_failed', 'notice_changed', 'notice_not_a_draft'].includes(asProblem(error).code);
  return (
    <form className={classes.editor} onSubmit={event => void submit(event)} noValidate>
      {failed && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {failed}{' '}
          {overtaken && (
            <Button size="compact-sm" variant="default" onClick={onReadAgain}>
              {t('notices.readAgain')}
            </Button>
          )}
        </Alert>
      )}
      <Scope content={content} error={error} onChange={change} />
      <Texts content={content} error={error} onChange={change} />
      <section className="stack-tight">
        <h3>{t('notices.seen')}</h3>
        <Preview texts={content.texts} />
      </section>
      <div className="row">
        <Button type="submit" variant="default" loading={save.isPending} disabled={!changed}>
          {t('notices.save')}
        </Button>
        <Button leftSection={<IconSend size={16} aria-hidden />} disabled={save.isPending} onClick={() => void publish()}>
          {t('notices.publish')}
        </Button>
        <Button className="push" variant="subtle" color="red" loading={discard.isPending} onClick={() => discard.mutate()}>
          {t('notices.discard')}
        </Button>
      </div>
      <PublishDialog
        draft={publishing}
        published={published}
        onClose={close}
        onWrong={problem => {
          setPublishing(null);
          setError(problem);
        }}
      />
    </form>
  );
}

interface PartProps {
  content: Content;
  error: unknown;
  onChange: (part: Partial<Content>) => void;
}

function Scope({content, error, onChange}: PartProps) {
  const {t} = useTranslation();
  const {purposes} = usePurposes();
  const meaning = usePurposeText();
  return (
    <fieldset className={classes.group}>
      <legend>{t('notices.covers')}</legend>
      <div className={classes.two}>
        <MultiSelect label={t('notices.purposes')} searchable value={content.purposes} onChange={chosen => onChange({purposes: chosen})} data={purposes.map(each => ({value: each.name, label: meaning(each.name)}))} error={wrongIn(t, error, 'purposes')} />
        <MultiSelect
          label={t('notices.channels')}
          searchable
          description={t('notices.channelsHint')}
          inputWrapperOrder={['label', 'input', 'description', 'error']}
          value={content.channels}
          onChange={chosen => onChange({channels: channels.filter(each => chosen.includes(each))})}
          data={channels.map(each => ({value: each, label: t(`law.channels.${each}`)}))}
          error={wrongIn(t, error, 'channels')}
        />
      </div>
      <div className={classes.fields}>
        <Select
          label={t('notices.validity')}
          allowDeselect={false}
          value={content.validity ? 'own' : 'law'}
          onChange={way => onChange({validity: way === 'own' ? (content.validity ?? '2 years') : null})}
          data={[
            {value: 'law', label: t('notices.validityLaw')},
            {value: 'own', label: t('notices.validityOwn')},
          ]}
        />
        {content.validity && <TermFields label={t('notices.validityTerm')} value={content.validity} onChange={validity => onChange({validity})} error={wrongIn(t, error, 'validity')} />}
      </div>
      {flags.map(flag => (
        <Checkbox key={flag} label={t(`notices.flags.${flag}`)} checked={content[flag]} onChange={event => onChange({[flag]: event.currentTarget.checked})} />
      ))}
    </fieldset>
  );
}

function Texts({content, error, onChange}: PartProps) {
  const {t} = useTranslation();
  const format = useFormats();
  const nameOf = useLanguageName();
  const others = content.texts.filter(text => !(own as readonly string[]).includes(text.language));
  const change = (language: string, part: Partial<NoticeText>) => onChange({texts: content.texts.map(text => (text.language === language ? {...text, ...part} : text))});
  return (
    <>
      <div className={classes.two}>
        {own.map(language => {
          const index = content.texts.findIndex(text => text.language === language);
          const text = content.texts[index]!;
          return (
            <fieldset key={language} className={classes.group}>
              <legend>{t(`notices.languages.${language}`)}</legend>
              {parts.map(part => {
                const shared = {
                  label: t(`notices.text.${part}`),
                  lang: language,
                  maxLength: longest[part],
                  value: text[part],
                  error: wrongIn(t, error, `texts/${index}/${part}`),
                  onChange: (event: {currentTarget: {value: string}}) => change(language, {[part]: event.currentTarget.value}),
                };
                if (part === 'title') return <TextInput key={part} {...shared} />;
                return <Textarea key={part} {...shared} autosize minRows={part === 'text' ? 8 : 2} maxRows={20} description={t(`notices.hints.${part}`)} inputWrapperOrder={['label', 'input', 'description', 'error']} />;
              })}
            </fieldset>
          );
        })}
      </div>
      {others.length > 0 && <p className="soft small">{t('notices.otherLanguages', {languages: format.list(others.map(text => nameOf(text.language)))})}</p>}
    </>
  );
}
