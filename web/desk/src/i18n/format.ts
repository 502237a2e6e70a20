// Dates, numbers, money and names of countries as the reader writes them.
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';

// en-GB: days before months, as in the rest of Europe.
function localeOf(language: string) {
  return language === 'de' ? 'de-DE' : 'en-GB';
}

export function formats(language: string) {
  const locale = localeOf(language);
  const number = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(locale, {notation: 'compact', maximumFractionDigits: 1});
  const percent = new Intl.NumberFormat(locale, {style: 'percent', maximumFractionDigits: 1});
  const date = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', year: 'numeric'});
  const dayMonth = new Intl.DateTimeFormat(locale, {day: 'numeric', month: 'short', timeZone: 'UTC'});
  const dayLong = new Intl.DateTimeFormat(locale, {weekday: 'long', day: 'numeric', month: 'long', year: 'numeric'});
  const time = new Intl.DateTimeFormat(locale, {hour: '2-digit', minute: '2-digit'});
  const clock = new Intl.DateTimeFormat(locale, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
  const exact = new Intl.DateTimeFormat(locale, {dateStyle: 'full', timeStyle: 'long'});
  const relative = new Intl.RelativeTimeFormat(locale, {numeric: 'auto'});
  const regions = new Intl.DisplayNames(locale, {type: 'region'});
  const choice = new Intl.ListFormat(locale, {type: 'disjunction'});
  const listed = new Intl.ListFormat(locale, {type: 'conjunction'});

  return {
    locale,
    number: (value: number) => number.format(value),
    compact: (value: number) => compact.format(value),
    percent: (share: number) => percent.format(share),
    date: (iso: string) => date.format(new Date(iso)),
    dayMonth: (day: string) => dayMonth.format(new Date(`${day}T00:00:00Z`)),
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
      if (!currency) return new Intl.NumberFormat(locale, {minimumFractionDigits: 2}).format(Number(amount));
      return new Intl.NumberFormat(locale, {style: 'currency', currency}).format(Number(amount));
    },
    moneyRound: (amount: number, currency: string | null) => {
      if (!currency) return compact.format(amount);
      return new Intl.NumberFormat(locale, {style: 'currency', currency, maximumFractionDigits: 0}).format(amount);
    },
  };
}

export type Formats = ReturnType<typeof formats>;

export function useFormats(): Formats {
  const {i18n} = useTranslation();
  return useMemo(() => formats(i18n.language), [i18n.language]);
}
