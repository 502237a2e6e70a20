// What is different between two versions of a notice.
import {useTranslation} from 'react-i18next';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {termText} from '../law/words';
import {difference} from './difference';
import classes from './notices.module.css';
import {useLanguageName} from './preview';
import type {Version} from './queries';

const parts = ['title', 'text', 'declaration', 'withdrawal'] as const;
const flags = ['explicit_consent', 'names_recipients', 'quiet_hours'] as const;

type Content = Pick<Version, 'purposes' | 'channels' | 'validity' | 'texts' | (typeof flags)[number]>;

interface Change {
  what: string;
  before: string;
  after: string;
}

function useChanges(before: Content, after: Content): Change[] {
  const {t} = useTranslation();
  const format = useFormats();
  const meaning = usePurposeText();
  const languageName = useLanguageName();
  const validity = (of: Content) => (of.validity ? termText(t, of.validity) : t('notices.validityLaw'));
  const channels = (of: Content) => format.list(of.channels.map(each => t(`law.channels.${each as 'email'}`))) || t('notices.noChannel');
  const yesNo = (value: boolean) => t(value ? 'notices.yesWord' : 'notices.noWord');
  const languages = [...new Set([...before.texts, ...after.texts].map(text => text.language))];
  const all: Change[] = [
    {what: t('notices.purposes'), before: format.list(before.purposes.map(meaning)), after: format.list(after.purposes.map(meaning))},
    {what: t('notices.channels'), before: channels(before), after: channels(after)},
    {what: t('notices.validity'), before: validity(before), after: validity(after)},
    ...flags.map(flag => ({what: t(`notices.flags.${flag}`), before: yesNo(before[flag]), after: yesNo(after[flag])})),
    ...languages.flatMap(language => {
      const of = (content: Content, part: (typeof parts)[number]) => content.texts.find(text => text.language === language)?.[part] ?? '';
      return parts.map(part => ({what: `${languageName(language)}: ${t(`notices.text.${part}`)}`, before: of(before, part), after: of(after, part)}));
    }),
  ];
  return all.filter(change => change.before !== change.after);
}

export function Changes({before, after}: {before: Content; after: Content}) {
  const {t} = useTranslation();
  const changes = useChanges(before, after);
  if (changes.length === 0) return <p>{t('notices.unchanged')}</p>;
  return (
    <dl className="stack-tight">
      {changes.map(change => (
        <div key={change.what}>
          <dt className="soft small">{change.what}</dt>
          <dd className={classes.diff}>
            {difference(change.before, change.after).map((piece, index) =>
              piece.kind === 'same' ? <span key={index}>{piece.text}</span> : piece.kind === 'new' ? <ins key={index}>{piece.text}</ins> : <del key={index}>{piece.text}</del>,
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
