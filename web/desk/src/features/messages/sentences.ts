// What the server says of a template's field, in the reader's language; what is not known here as the server says it.
import type {TFunction} from 'i18next';
import {asProblem, explain, fieldError} from '../../parts/problem';

const sentences = [
  [/^must be one line$/, 'line'],
  [/^must not be empty$/, 'empty'],
  [/^must have at most/, 'long'],
  [/^names \{\{(.*)\}\}, which is not among/, 'noParameter'],
  [/^has \{\{ or \}\}/, 'braces'],
  [/^must say how to end/, 'unsubscribe'],
  [/^must not name \{\{unsubscribe\}\}/, 'noUnsubscribe'],
  [/^must not hold '(.*)'/, 'refused'],
  [/^must not hold event handlers/, 'handlers'],
  [/^has (.*), which no text names/, 'unused'],
  [/^must be lower-case letters/, 'form'],
  [/^must not name unsubscribe/, 'always'],
  [/^must not name one twice/, 'twice'],
  [/^must be an https address/, 'link'],
  [/^is missing/, 'missing'],
] as const;

function sentenceOf(t: TFunction, detail: string): string {
  for (const [form, key] of sentences) {
    const found = form.exec(detail);
    if (found) return t(`templates.wrong.${key}`, {name: found[1] ?? ''});
  }
  return detail;
}

// By the pointer of publishing, or by that of the preview, which has the template one level down.
export function wrongIn(t: TFunction, error: unknown, name: string): string | undefined {
  const detail = fieldError(error, name) ?? fieldError(error, `template/${name}`);
  return detail === undefined ? undefined : sentenceOf(t, detail);
}

export function wrongAtAll(t: TFunction, error: unknown): string | undefined {
  if (!error) return undefined;
  const problem = asProblem(error);
  if (problem.code === 'whole_company') return t('templates.wholeCompany');
  if (problem.code === 'role_without_purpose') return t('templates.notYours');
  return problem.fields.length > 0 ? t('templates.seeFields') : explain(t, problem);
}
