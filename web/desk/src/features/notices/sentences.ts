// What the server says of a field, in the reader's language; what is not known here as the server says it.
import type {TFunction} from 'i18next';
import {type Problem} from '../../api/client';
import {asProblem, explain, fieldError} from '../../parts/problem';

const sentences = [
  [/^must not be empty$/, 'empty'],
  [/^must have .*(bytes|characters)/, 'long'],
  [/^must be a time such as/, 'term'],
  [/^must be a country/, 'country'],
  [/^must name at least one category/, 'category'],
  [/^must name at least one purpose$/, 'purpose'],
  [/^must be said in both languages/, 'both'],
  [/control characters/, 'control'],
  [/^must be 1 to 64 of a-z/, 'id'],
] as const;

export function sentenceOf(t: TFunction, detail: string | undefined): string | undefined {
  const known = detail === undefined ? undefined : sentences.find(([form]) => form.test(detail));
  return known ? t(`notices.wrong.${known[1]}`) : detail;
}

export function wrongIn(t: TFunction, error: unknown, name: string): string | undefined {
  return sentenceOf(t, fieldError(error, name));
}

// What went wrong as a whole; empty where a field says it.
export function wrongAtAll(t: TFunction, error: unknown): string | undefined {
  if (!error) return undefined;
  const problem: Problem = asProblem(error);
  switch (problem.code) {
    case 'notice_changed':
    case 'precondition_failed':
      return t('notices.changedMeanwhile');
    case 'notice_not_a_draft':
      return t('notices.noDraft');
    case 'notice_incomplete':
      return t('notices.incomplete');
    case 'notice_not_published':
      return t('notices.notPublished');
    case 'notices_full':
      return t('notices.full');
    default:
      return problem.fields.length > 0 ? t('notices.seeFields') : explain(t, problem);
  }
}
