import {useTranslation} from 'react-i18next';
import type {Schemas} from './client';

// What a rule, or the code of an error, means: the server says it in both languages, as half a sentence.
export function useMeaning(): (meaning: Schemas['ReasonMeaning']) => string {
  const {i18n} = useTranslation();
  return meaning => {
    const text = meaning[i18n.language === 'de' ? 'de' : 'en'];
    return text.charAt(0).toLocaleUpperCase() + text.slice(1);
  };
}
