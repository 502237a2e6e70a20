import i18next from 'i18next';
import {initReactI18next} from 'react-i18next';
import {de} from './de';
import {en} from './en';

export const languages = ['de', 'en'] as const;
export type Language = (typeof languages)[number];

const kept = 'handschlag.language';

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
  await i18next.use(initReactI18next).init({
    lng: first(),
    fallbackLng: 'en',
    resources: {de: {translation: de}, en: {translation: en}},
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
  void i18next.changeLanguage(language);
}
