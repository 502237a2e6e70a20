// Handschlag in a page: asks before it uses anything, remembers the answer, sends events with it, and lets other
// people's clients in only by leave. docs/browser.md is the guide.
import {hide, show, type Decide} from './banner';
import {begin, decide, due, forgetWho, listen, preferences, signal, tell, texts, told} from './consent';
import {load, obey} from './loader';
import {add, flush, setUser, soon} from './queue';
import {key, language, page as sendsPage, server} from './settings';

type Fields = Record<string, unknown>;

let wanted = false; // open() was called before the texts had come

const page = (name?: string, properties?: Fields) => add({type: 'page', name, properties});
const track = (event: string, properties?: Fields) => add({type: 'track', event, properties});

function identify(userId: string, traits?: Fields) {
  setUser(userId);
  add({type: 'identify', userId, traits});
}

function reset() {
  setUser(undefined);
  forgetWho();
}

// The answer goes to the server too, under the id that it is about.
function say(choose: Parameters<Decide>[0], way: string) {
  const id = decide(choose);
  const now = preferences();
  const notices: Record<string, unknown> = {};
  for (const category of texts!.categories) notices[category.name] = category.notices.map(({id, version}) => ({id, version}));
  const properties = {categories: now, notices, language: texts!.language, way, signal: signal()};
  add({type: 'track', event: 'Consent Preference Updated', anonymousId: id, properties}, true);
  if (!told().allowedConsentIds.length) setUser(undefined);
  tell();
  void flush();
}

const ask = (choosing: boolean) => show(choosing, choose => say(choose, 'banner'));

function open() {
  wanted = !texts;
  ask(true);
}

// A no to everything, as a page's own button may say it. There is no such way to say yes.
function withdraw() {
  if (!texts) return;
  hide();
  say(() => false, 'page');
}

async function start(wait: number) {
  try {
    const answer = await fetch(`${server}/v1/projects/${key}/banner?language=${language || document.documentElement.lang || navigator.language}`, {credentials: 'omit'});
    if (answer.ok) {
      begin(await answer.json());
      listen(now => {
        obey(now);
        if (!due()) hide();
      });
      if (wanted || due()) ask(wanted);
      soon(0);
      return;
    }
    if (answer.status !== 429 && answer.status < 500) {
      console.error('handschlag: no banner', answer.status);
      return;
    }
  } catch {}
  setTimeout(start, wait, Math.min(wait * 2, 60_000));
}

const api = {
  page,
  track,
  identify,
  reset,
  load,
  flush,
  // What was called before the script was there: (window.handschlag ??= []).push(['track', 'Viewed'])
  push: ([name, ...values]: [string, ...unknown[]]) => (api as any)[name](...values),
  consent: {open, withdraw, get: told, on: listen},
};

const waiting = (window as any).handschlag;
(window as any).handschlag = api;
if (sendsPage !== undefined) page();
if (Array.isArray(waiting)) waiting.forEach(api.push);

// <button data-handschlag-open>: a way back in that needs no script of the page.
document.addEventListener('click', event => {
  if (!(event.target as Element).closest?.('[data-handschlag-open]')) return;
  event.preventDefault();
  open();
});

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => start(1000));
else void start(1000);
