import i18next from 'i18next';
import {initReactI18next} from 'react-i18next';
import type {en} from './en';

export const languages = ['de', 'en'] as const;
export type Language = (typeof languages)[number];

const kept = 'handschlag.language';

// Only the words of the language that is read are fetched.
const words: Record<Language, () => Promise<object>> = {
  de: async () => (await import('./de')).de,
  en: async () => (await import('./en')).en,
};

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: {translation: typeof en};
    returnNull: false;
  }
}

function first(): Language {
  const chosen = localStorage.getItem(kept);
  const wanted = chosen ? [chosen] : navigator.languages.map(name => name.slice(0, 2));
  return languages.find(language => wanted.find(name => (languages as readonly string[]).includes(name)) === language) ?? 'en';
}

export async function startLanguage() {
  const language = first();
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {[language]: {translation: await words[language]()}},
    interpolation: {escapeValue: false}, // React does
    returnNull: false,
  });
  document.documentElement.lang = i18next.language;
  i18next.on('languageChanged', language => {
    document.documentElement.lang = language;
  });
}

export function chooseLanguage(language: Language) {
  localStorage.setItem(kept, language);
  void words[language]().then(resource => {
    i18next.addResourceBundle(language, 'translation', resource);
    return i18next.changeLanguage(language);
  });
}
