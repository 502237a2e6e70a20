// What to say when the server said no, or nothing.
import type {TFunction} from 'i18next';
import {Problem} from '../api/client';
import {notify} from './notify';

// Codes for which a sentence in the reader's language is at hand; else the server's own sentence, which is English.
export function explain(t: TFunction, problem: Problem): string {
  switch (problem.code) {
    case 'unreachable':
      return t('problem.unreachable');
    case 'use_denied':
      return problem.detail || t('problem.useDenied'); // the ruling's reason, in the reader's language
    case 'role_missing':
      return t('problem.roleMissing');
    case 'precondition_failed':
      return t('problem.changedMeanwhile');
    case 'login_taken':
      return t('problem.loginTaken');
    case 'four_eyes':
      return t('problem.fourEyes');
    case 'four_eyes_off':
      return t('problem.fourEyesOff');
    case 'phone_short':
      return t('problem.phoneShort');
    case 'watching_many':
      return t('problem.watchingMany');
    case 'approval_own':
      return t('problem.approvalOwn');
    case 'approval_decided':
      return t('problem.approvalDecided');
    case 'approval_expired':
      return t('problem.approvalExpired');
    case 'approval_pending':
      return t('problem.approvalPending');
    case 'customer_unknown':
      return t('problem.customerUnknown');
    case 'own_account':
      return t('problem.ownAccount');
    case 'modes_differ':
      return t('problem.modesDiffer');
    case 'law_faulty':
      return `${t('law.faulty')} ${problem.detail}`;
    case 'own_rule_exists':
      return t('law.ownExists');
    case 'leave_withdrawn':
      return t('problem.leaveWithdrawn');
    default:
  }
  if (problem.status === 401) return t('problem.signedOut');
  if (problem.status === 429) return t('problem.tooMany', {count: problem.retryAfter ?? 5});
  if (problem.status === 503) return t('problem.unavailable');
  if (problem.status >= 500) return t('problem.internal');
  return problem.detail || t('problem.unknown');
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'error', String(error));
}

export function notifyProblem(t: TFunction, error: unknown) {
  notify({kind: 'bad', text: explain(t, asProblem(error))});
}

// The sentence for one field of a form, by the pointer that the server names it with.
export function fieldError(error: unknown, name: string): string | undefined {
  if (!(error instanceof Problem)) return undefined;
  return error.fields.find(field => field.pointer === `/${name}` || field.pointer.startsWith(`/${name}/`))?.detail;
}
