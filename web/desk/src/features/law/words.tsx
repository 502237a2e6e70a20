// Norms in words: what a country demands, said in a few of them, with a sign that says the same.
import {IconBan, IconCheck, IconHandStop, IconMailCheck, IconUserCheck} from '@tabler/icons-react';
import type {TFunction} from 'i18next';
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {type Formats, useFormats} from '../../i18n/format';
import classes from './law.module.css';
import type {Norm, Rule, Topic} from './queries';

type Requirement = NonNullable<Norm['requirement']>;
type Needs = Norm['needs'];

export const permissionTopics = ['device', 'linking', 'profiling', 'location', 'automated_decision', 'special_category', 'sale_of_data', 'listening', 'privacy_signal', 'localisation'] as const;
export const contactTopics = ['advertising', 'survey', 'market_research', 'service'] as const;
export const figureTopics = ['age_of_consent', 'consent_proof', 'consent_life', 're_ask_pause', 'request_deadline', 'objection_deadline', 'breach_notice'] as const;
export const channels = ['email', 'sms', 'phone', 'post', 'push', 'web', 'social'] as const;
export const requirements = ['free', 'opt_out', 'opt_in', 'double_opt_in', 'forbidden'] as const;

const signs = {free: IconCheck, opt_out: IconHandStop, opt_in: IconUserCheck, double_opt_in: IconMailCheck, forbidden: IconBan};

// "2 months", as the API has it. Nothing that it does not know gets lost.
export function termText(t: TFunction, term: string): string {
  const [, count, unit] = /^(\d+) (hour|day|working day|month|year)s?$/.exec(term) ?? [];
  if (!count || !unit) return term;
  return t(`law.term.${unit.replace(' ', '_') as 'hour'}`, {count: Number(count)});
}

// A day such as 2026-08-11, wherever the reader is.
export function dayText(format: Formats, day: string): string {
  return format.date(`${day}T12:00:00`);
}

// What a permission comes to. `exceptions`: the names, or only how many there are.
export function requirementText(t: TFunction, topic: Topic, requirement: Requirement, needs: Needs, exceptions: readonly string[] | number): string {
  if (topic === 'privacy_signal') return t(`law.signal.${requirement}`);
  let words = requirement === 'opt_in' && needs.includes('explicit_consent') ? t('law.explicit') : t(`law.requirement.${requirement}`);
  const some = typeof exceptions === 'number' ? exceptions > 0 : exceptions.length > 0;
  const ofCustomers = typeof exceptions !== 'number' && exceptions.some(name => /customer|relationship/.test(name));
  if (some) words = t(ofCustomers ? 'law.withException' : 'law.withOther', {words});
  return needs.includes('register_clear') && requirement !== 'forbidden' ? t('law.registerFirst', {words}) : words;
}

// Any norm in a few words; empty where it says nothing.
export function normText(t: TFunction, norm: Norm): string {
  if (norm.topic === 'quiet_hours') {
    return norm.quiet_from && norm.quiet_until ? t('law.quietText', {from: norm.quiet_from, until: norm.quiet_until}) : t('law.noQuiet');
  }
  if (norm.years) return t('law.years', {count: norm.years});
  if (norm.term) {
    const term = termText(t, norm.term);
    if (norm.extension) return t('law.extension', {term, extension: termText(t, norm.extension)});
    return norm.from_each_use ? t('law.fromEachUse', {term}) : term;
  }
  if (!norm.requirement) return t('law.none');
  const names = norm.exceptions.map(exception => exception.name);
  return requirementText(t, norm.topic, norm.requirement, norm.needs, names);
}

export function NormWords({norm}: {norm: Norm}) {
  const {t} = useTranslation();
  const Sign = norm.requirement && norm.topic !== 'quiet_hours' && norm.topic !== 'privacy_signal' ? signs[norm.requirement] : null;
  return (
    <span className={classes.norm} data-requirement={Sign ? norm.requirement : undefined}>
      {Sign && <Sign size={16} aria-hidden />}
      <span>{normText(t, norm)}</span>
    </span>
  );
}

// From when until when a rule holds.
export function usePeriod(): (rule: Rule) => string {
  const {t} = useTranslation();
  const format = useFormats();
  return useMemo(
    () => rule => {
      const from = dayText(format, rule.from);
      if (rule.until) return t('law.between', {from, until: dayText(format, rule.until)});
      return rule.from > today() ? t('law.from', {day: from}) : t('law.since', {day: from});
    },
    [t, format],
  );
}

// The law's day is that in UTC.
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

export function holdsOn(rule: Rule, day: string): boolean {
  return rule.from <= day && (!rule.until || rule.until >= day);
}
