// What the visitor said, what holds of it now, and the only thing that is ever stored: the answer, after it was given.
import type {components} from '../../desk/src/api/schema';
import {random} from './settings';

export type Texts = components['schemas']['Banner'];
export type Category = components['schemas']['BannerCategory'];

// In the forms of the Segment and the RudderStack clients.
export interface Told {
  categoryPreferences: Record<string, boolean>;
  allowedConsentIds: string[];
  deniedConsentIds: string[];
}

interface Answer {
  day: number; // since 1970: no time is needed
  yes: Record<string, string>; // category -> version of what was agreed to
  no: string[];
  id?: string; // of this browser; only where something was agreed to
}

export let texts: Texts | undefined;
let answer: Answer | undefined;
let visit = random(); // of this page alone; in memory, never kept
let place = '';
const listeners = new Set<(told: Told) => void>();

// Global Privacy Control: the browser's own no.
export const signal = () => !!(navigator as {globalPrivacyControl?: boolean}).globalPrivacyControl;
const today = () => Math.floor(Date.now() / 864e5);
const age = () => today() - answer!.day;
const refuses = (category: Category) => category.signal && signal();
const agreed = (category: Category) => answer?.yes[category.name] === category.version && age() < category.valid_days;

// A browser may forbid its storage: then the answer holds for this page.
function read() {
  try {
    const kept = localStorage[place];
    answer = kept ? JSON.parse(kept) : undefined;
    if (answer && !(answer.yes && answer.no)) answer = undefined;
  } catch {
    answer = undefined;
  }
}

function write() {
  try {
    localStorage[place] = JSON.stringify(answer);
  } catch {}
}

export function tell() {
  const now = told();
  listeners.forEach(listener => listener(now));
}

export function begin(shown: Texts) {
  texts = shown;
  place = 'handschlag.' + shown.source;
  read();
  // Another tab of the same site was told something.
  addEventListener('storage', event => {
    if (event.key && event.key !== place) return;
    read();
    tell();
  });
  tell(); // to those who listened before
}

// Of each category: yes, no, or nothing, which is not a yes.
export function preferences(): Record<string, boolean> {
  const out: Record<string, boolean> = {};
  for (const category of texts?.categories ?? []) {
    if (refuses(category) || answer?.no.includes(category.name)) out[category.name] = false;
    else if (agreed(category)) out[category.name] = true;
  }
  return out;
}

export function told(): Told {
  const categoryPreferences = preferences();
  const those = (wanted: boolean) => Object.keys(categoryPreferences).filter(name => categoryPreferences[name] === wanted);
  return {categoryPreferences, allowedConsentIds: those(true), deniedConsentIds: those(false)};
}

export const agrees = () => told().allowedConsentIds.length > 0;

// Whether to ask. A no is left alone until its pause is over, whatever else is new; a browser that says no is not nagged.
export function due(): boolean {
  if (!texts?.categories.length || signal()) return false;
  if (!answer) return true;
  if (answer.no.length && age() >= texts.ask_again_days) return true;
  return Object.keys(answer.yes).length > 0 && texts.categories.some(each => !answer!.no.includes(each.name) && !agreed(each));
}

// Nothing leaves the page before there is an answer, or it is clear that nobody will be asked.
export const waits = () => !texts || (due() && !Object.keys(preferences()).length);

export const anonymousId = () => (agrees() && answer!.id) || visit;

// Takes the answer down. Gives the id under which the visitor was known until now, if it was kept.
export function decide(wanted: (category: Category) => boolean): string | undefined {
  const before = answer?.id;
  answer = {day: today(), yes: {}, no: []};
  for (const category of texts!.categories) {
    if (refuses(category)) continue;
    if (wanted(category)) answer.yes[category.name] = category.version;
    else answer.no.push(category.name);
  }
  if (Object.keys(answer.yes).length) answer.id = before ?? random();
  else visit = random();
  write();
  return before;
}

// Somebody else may sit here now.
export function forgetWho() {
  visit = random();
  if (!answer?.id) return;
  answer.id = random();
  write();
}

// Calls back at every change, and now where it is known already. Gives a function that ends it.
export function listen(listener: (told: Told) => void) {
  listeners.add(listener);
  if (texts) listener(told());
  return () => {
    listeners.delete(listener);
  };
}
