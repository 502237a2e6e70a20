// A message as it would arrive: the server puts the places in, and nothing is stored.
import {SegmentedControl} from '@mantine/core';
import {useDebouncedValue} from '@mantine/hooks';
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {asProblem} from '../../parts/problem';
import {Failed, Loading} from '../../parts/states';
import {HtmlView} from './html-view';
import classes from './messages.module.css';
import type {NewTemplate} from './queries';

const pause = 350; // milliseconds without a key

// What stands in a place that nobody filled: its name, or an address where a link leads there.
function filled(template: NewTemplate, sample: Record<string, string>): Record<string, string> {
  const html = `${template.texts.de.html ?? ''} ${template.texts.en.html ?? ''}`;
  return Object.fromEntries(
    (template.parameters ?? []).map(name => {
      const link = new RegExp(`href="\\{\\{\\s*${name.replace(/\W/g, '')}\\s*\\}\\}"`).test(html);
      return [name, sample[name] || (link ? 'https://example.org/' : `[${name}]`)];
    }),
  );
}

export function usePreview(template: NewTemplate, sample: Record<string, string>) {
  const {i18n} = useTranslation();
  const [language, setLanguage] = useState<'de' | 'en'>(i18n.language === 'de' ? 'de' : 'en');
  const [wanted] = useDebouncedValue({template: {...template, id: template.id || 'preview'}, parameters: filled(template, sample)}, pause);
  const {de, en} = wanted.template.texts;
  const enough = wanted.template.purpose !== '' && [de.subject, de.text, en.subject, en.text].some(text => text !== '');
  const query = useQuery({
    queryKey: ['templates', 'preview', language, wanted],
    enabled: enough,
    retry: false,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
    queryFn: () => take(api.POST('/api/v1/templates/preview', {body: {...wanted, language}})),
  });
  return {...query, enough, language, setLanguage};
}

export function MailPreview({preview}: {preview: ReturnType<typeof usePreview>}) {
  const {t} = useTranslation();
  const [view, setView] = useState<'html' | 'text'>('html');
  const {data, error, enough, language, setLanguage} = preview;
  const waits = !enough || (error && asProblem(error).status === 400);
  const asHtml = view === 'html' && data !== undefined && data.html !== '';
  return (
    <div className="stack-tight">
      <div className="row">
        <SegmentedControl size="xs" aria-label={t('templates.previewIn')} value={language} onChange={next => setLanguage(next as 'de' | 'en')} data={(['de', 'en'] as const).map(value => ({value, label: t(`templates.languages.${value}`)}))} />
        {data?.html && !waits && (
          <SegmentedControl
            size="xs"
            aria-label={t('templates.previewAs')}
            value={view}
            onChange={next => setView(next as 'html' | 'text')}
            data={[
              {value: 'html', label: t('templates.asHtml')},
              {value: 'text', label: t('templates.asText')},
            ]}
          />
        )}
      </div>
      {waits ? (
        <p className="soft small">{t('templates.previewWaits')}</p>
      ) : error ? (
        <Failed error={error} retry={() => void preview.refetch()} />
      ) : !data ? (
        <Loading lines={4} />
      ) : (
        <article className={classes.mail} lang={language} aria-label={t('templates.preview')}>
          <header>{data.subject}</header>
          <div className={asHtml ? classes.html : classes.plain}>{asHtml ? <HtmlView html={data.html} /> : data.text}</div>
        </article>
      )}
    </div>
  );
}
