// Other people's clients, loaded once their category was agreed to, and not before.
import {told, type Told} from './consent';
import {nonce} from './settings';

export interface Loading {
  src: string;
  category: string;
  integrity?: string;
  ready?: (told: Told) => void; // the script has run
  stop?: (told: Told) => void; // leave was taken back; without it the page is loaded anew
  clears?: string[]; // how the names of its cookies and stored items begin, to be removed on a no
}

interface Loaded extends Loading {
  script?: HTMLScriptElement;
}

const all: Loaded[] = [];
let asUrl: ((url: string) => string) | undefined;

// A page may demand Trusted Types; "handschlag" is the policy's name.
function trusted(url: string): string {
  if (!asUrl) {
    try {
      const policy = (window as any).trustedTypes.createPolicy('handschlag', {createScriptURL: (text: string) => text});
      asUrl = text => policy.createScriptURL(text);
    } catch {
      asUrl = text => text;
    }
  }
  return asUrl(url);
}

function start(one: Loaded) {
  const script = (one.script = document.createElement('script'));
  script.async = true;
  if (nonce) script.nonce = nonce;
  if (one.integrity) {
    script.crossOrigin = 'anonymous';
    script.integrity = one.integrity;
  }
  script.onload = () => one.ready?.(told());
  script.src = trusted(one.src);
  document.head.append(script);
}

function clear(prefixes: string[]) {
  const meant = (name: string) => prefixes.some(prefix => name.startsWith(prefix));
  for (const store of [() => localStorage, () => sessionStorage]) {
    try {
      Object.keys(store()).filter(meant).forEach(name => store().removeItem(name));
    } catch {}
  }
  for (const cookie of document.cookie.split('; ')) {
    const name = cookie.split('=')[0]!;
    if (!meant(name)) continue;
    const gone = name + '=;path=/;max-age=0';
    document.cookie = gone;
    // It may have been set for any domain above.
    for (let domain = location.hostname; domain.includes('.'); domain = domain.slice(domain.indexOf('.') + 1)) {
      document.cookie = gone + ';domain=' + domain;
    }
  }
}

// Does for each what was said.
export function obey(now: Told = told()) {
  let again = false;
  for (const one of all) {
    const yes = now.categoryPreferences[one.category];
    if (yes) {
      if (!one.script) start(one);
      continue;
    }
    if (one.script) {
      one.script = undefined;
      if (one.stop) one.stop(now);
      else again = true;
    }
    if (yes === false && one.clears) clear(one.clears);
  }
  // A script that has run can't be taken back.
  if (again) location.reload();
}

export function load(one: Loading) {
  all.push({...one});
  obey();
}
