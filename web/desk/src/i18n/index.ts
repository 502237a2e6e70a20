import i18next from 'i18next';
import {initReactI18next} from 'react-i18next';
import type {en} from './en';
import type {brought} from './en/brought';
import type {customer} from './en/customer';
import type {law} from './en/law';
import type {messages} from './en/messages';
import type {notices} from './en/notices';
import type {reach} from './en/reach';
import type {statements} from './en/statements';

export const languages = ['de', 'en'] as const;
export type Language = (typeof languages)[number];

const kept = 'handschlag.language';

// Only the words of the language that is read are fetched.
const words: Record<Language, () => Promise<object>> = {
  de: async () => (await import('./de')).de,
  en: async () => (await import('./en')).en,
};

// The words of pages that few open come with them.
const more = {
  brought: {de: async () => (await import('./de/brought')).brought, en: async () => (await import('./en/brought')).brought},
  customer: {de: async () => (await import('./de/customer')).customer, en: async () => (await import('./en/customer')).customer},
  law: {de: async () => (await import('./de/law')).law, en: async () => (await import('./en/law')).law},
  messages: {de: async () => (await import('./de/messages')).messages, en: async () => (await import('./en/messages')).messages},
  notices: {de: async () => (await import('./de/notices')).notices, en: async () => (await import('./en/notices')).notices},
  reach: {de: async () => (await import('./de/reach')).reach, en: async () => (await import('./en/reach')).reach},
  statements: {de: async () => (await import('./de/statements')).statements, en: async () => (await import('./en/statements')).statements},
} satisfies Record<string, Record<Language, () => Promise<object>>>;
type Name = keyof typeof more;
const opened = new Set<Name>();
let wanted: Language = 'en';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: {translation: typeof en & typeof brought & typeof customer & typeof law & typeof messages & typeof notices & typeof reach & typeof statements};
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
  wanted = language;
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

async function addWords(language: Language, name: Name) {
  i18next.addResourceBundle(language, 'translation', await more[name][language](), true);
}

// A page's module, once its words are there.
export async function withWords<Module>(names: Name[], page: () => Promise<Module>): Promise<Module> {
  for (const name of names) opened.add(name);
  const [module] = await Promise.all([page(), ...names.map(name => addWords(wanted, name))]);
  return module;
}

export function chooseLanguage(language: Language) {
  localStorage.setItem(kept, language);
  wanted = language;
  void words[language]().then(async resource => {
    i18next.addResourceBundle(language, 'translation', resource, true);
    await Promise.all([...opened].map(name => addWords(language, name)));
    if (wanted === language) await i18next.changeLanguage(language);
  });
}
