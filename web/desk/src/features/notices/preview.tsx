// A notice as the customer reads it.
import {SegmentedControl} from '@mantine/core';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import classes from './notices.module.css';
import {Prose} from './prose';
import {type NoticeText, useReadersLanguage} from './queries';

// "English" by "en", in the reader's language.
export function useLanguageName(): (code: string) => string {
  const names = new Intl.DisplayNames(useTranslation().i18n.language, {type: 'language'});
  return code => {
    try {
      return names.of(code) ?? code;
    } catch {
      return code;
    }
  };
}

export function Preview({texts}: {texts: NoticeText[]}) {
  const {t} = useTranslation();
  const reader = useReadersLanguage();
  const nameOf = useLanguageName();
  const [chosen, setChosen] = useState<string>(reader);
  const text = texts.find(each => each.language === chosen) ?? texts[0];
  const words = [text?.title, text?.text, text?.declaration, text?.withdrawal];
  return (
    <div className="stack-tight">
      {texts.length > 1 && (
        <div>
          <SegmentedControl size="xs" aria-label={t('notices.seenIn')} value={text?.language ?? reader} onChange={setChosen} data={texts.map(each => ({value: each.language, label: nameOf(each.language)}))} />
        </div>
      )}
      {!text || words.every(word => !word?.trim()) ? (
        <p className="soft">{t('notices.nothingToSee')}</p>
      ) : (
        <article className={classes.paper} lang={text.language} aria-label={t('notices.seen')}>
          {text.title && <h3>{text.title}</h3>}
          <Prose text={text.text} />
          {text.declaration && <p className={classes.declaration}>{text.declaration}</p>}
          <div className={classes.answers} aria-hidden>
            <span>{text.language.startsWith('de') ? 'Ja' : text.language.startsWith('en') ? 'Yes' : t('notices.yes')}</span>
            <span>{text.language.startsWith('de') ? 'Nein' : text.language.startsWith('en') ? 'No' : t('notices.no')}</span>
          </div>
          {text.withdrawal && <p className="soft small">{text.withdrawal}</p>}
        </article>
      )}
    </div>
  );
}
