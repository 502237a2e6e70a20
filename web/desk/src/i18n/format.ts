// Dates, numbers, money and names of countries as the reader writes them.
import {useTranslation} from 'react-i18next';

// en-GB: days before months, as in the rest of Europe.
function localeOf(language: string) {
  return language === 'de' ? 'de-DE' : 'en-GB';
}

function make(language: string) {
  const locale = localeOf(language);
  const currencies = new Map<string, Intl.NumberFormat>();
  // None for what is no code of a currency: it comes from the sources, and the browser would throw.
  const currencyFormat = (currency: string | null, maximumFractionDigits?: number) => {
    if (!currency || !/^[a-z]{3}$/i.test(currency)) return null;
    const key = `${currency} ${maximumFractionDigits}`;
    let its = currencies.get(key);
    if (!its) currencies.set(key, (its = new Intl.NumberFormat(locale, {style: 'currency', currency, maximumFractionDigits})));
    return its;
  };
  const number = new Intl.NumberFormat(locale);
  const decimal = new Intl.NumberFormat(locale, {minimumFractionDigits: 2});
  const compact = new Intl.NumberFormat(locale, {notation: 'compact', maximumFractionDigits: 1});
  const percent = new Intl.NumberFormat(locale, {style: 'percent', maximumFractionDigits: 1});
  const date = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', year: 'numeric'});
  const dayMonth = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short'});
  const dayLong = new Intl.DateTimeFormat(locale, {weekday: 'long', day: 'numeric', month: 'long', year: 'numeric'});
  const time = new Intl.DateTimeFormat(locale, {hour: '2-digit', minute: '2-digit'});
  const clock = new Intl.DateTimeFormat(locale, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
  const exact = new Intl.DateTimeFormat(locale, {dateStyle: 'full', timeStyle: 'long'});
  const relative = new Intl.RelativeTimeFormat(locale, {numeric: 'auto'});
  const regions = new Intl.DisplayNames(locale, {type: 'region'});
  const choice = new Intl.ListFormat(locale, {type: 'disjunction'});
  const collator = new Intl.Collator(locale, {numeric: true});
  const listed = new Intl.ListFormat(locale, {type: 'conjunction'});

  return {
    locale,
    // Words as a dictionary has them, numbers by size: for sorting.
    compare: (a: unknown, b: unknown) => (typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a ?? ''), String(b ?? ''))),
    number: (value: number) => number.format(value),
    compact: (value: number) => compact.format(value),
    percent: (share: number) => percent.format(share),
    date: (iso: string) => date.format(new Date(iso)),
    dayMonth: (iso: string) => dayMonth.format(new Date(iso)),
    dayLong: (iso: string) => dayLong.format(new Date(iso)),
    time: (iso: string) => time.format(new Date(iso)),
    clock: (iso: string) => clock.format(new Date(iso)),
    exact: (iso: string) => exact.format(new Date(iso)),
    list: (words: string[], kind: 'and' | 'or' = 'and') => (kind === 'and' ? listed : choice).format(words),
    // "3 hours ago"; beyond a month the date says more.
    ago: (iso: string, now = Date.now()) => {
      const seconds = (new Date(iso).getTime() - now) / 1000;
      const size = Math.abs(seconds);
      if (size < 60) return relative.format(Math.round(seconds), 'second');
      if (size < 3600) return relative.format(Math.round(seconds / 60), 'minute');
      if (size < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
      if (size < 30 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
      return date.format(new Date(iso));
    },
    country: (code: string | null) => (code ? (regions.of(code) ?? code) : ''),
    // Decimal text, as the API has it; an unknown currency is shown as a number.
    money: (amount: string, currency: string | null) => {
      return (currencyFormat(currency) ?? decimal).format(Number(amount));
    },
    moneyRound: (amount: number, currency: string | null) => {
      return (currencyFormat(currency, 0) ?? compact).format(amount);
    },
  };
}

export type Formats = ReturnType<typeof make>;

// Made once a language: the browser takes longer to make one of its formatters than to draw a line of a list with it.
const made = new Map<string, Formats>();

export function formats(language: string): Formats {
  let its = made.get(language);
  if (!its) made.set(language, (its = make(language)));
  return its;
}

export function useFormats(): Formats {
  const {i18n} = useTranslation();
  return formats(i18n.language);
}
