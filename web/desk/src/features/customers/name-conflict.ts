// Whether those who were joined bear different names, and which link it is that joined them.
import {type Customer, type CustomerLink, type Naming, namingsOf} from './customer';

const titles = new Set(['dr', 'prof', 'dipl', 'ing', 'med', 'phil', 'frau', 'herr', 'mr', 'mrs', 'ms', 'mme', 'hr', 'fr']);
const spelled: Record<string, string> = {ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss', æ: 'ae', ø: 'oe', å: 'aa'};

function wordsOf(name: string): string[] {
  const words = name.normalize('NFC').toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
  return words.filter(word => !titles.has(word));
}

// Müller, Mueller and Muller are one name; many a system can't write the first.
function isSameWord(a: string, b: string): boolean {
  if (a.length === 1 || b.length === 1) return a[0] === b[0];
  const plain = (word: string) => word.replaceAll('ß', 'ss').replaceAll('ø', 'o').normalize('NFD').replace(/\p{M}/gu, '');
  const long = (word: string) => word.replace(/[äöüßæøå]/g, letter => spelled[letter] ?? letter);
  return [plain(a), long(a)].some(form => form === plain(b) || form === long(b));
}

// "A. Petersen" and "Petersen, Anna" may be one person; so may whoever is known here by the first name and there by the last.
export function mayBeOne(a: Naming, b: Naming): boolean {
  if (a.part !== b.part && a.part !== 'whole' && b.part !== 'whole') return true;
  const [few, many] = [wordsOf(a.name), wordsOf(b.name)].sort((one, other) => one.length - other.length) as [string[], string[]];
  const left = [...many];
  return few.every(word => {
    const found = left.findIndex(other => isSameWord(word, other));
    if (found >= 0) left.splice(found, 1);
    return found >= 0;
  });
}

function isAtOdds(namings: Naming[], others: Naming[] = namings): boolean {
  return namings.some(one => others.some(other => !mayBeOne(one, other)));
}

// The identities that hang together with one by what is linked, but for some links.
function reach(customer: Customer, from: string, without: CustomerLink[]): Set<string> {
  const reached = new Set([from]);
  const next = [from];
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    for (const link of customer.links) {
      if (link.standing !== 'active' || (link.a !== id && link.b !== id) || without.includes(link)) continue;
      const other = link.a === id ? link.b : link.a;
      if (reached.has(other)) continue;
      reached.add(other);
      next.push(other);
    }
  }
  return reached;
}

// What to take apart: one link, or all by which one identity hangs together with other names.
export interface Cut {
  links: CustomerLink[];
  identity?: string;
}

export interface NameConflict {
  // Each of those names that others contradict, as few as say so.
  namings: Naming[];
  // The likeliest mistakes first. None: a source itself tells two names of one identity.
  cuts: Cut[];
}

const mostNames = 20; // a customer with more is a mistake that nobody needs spelled out further
const mostCuts = 3;

function cutsBetween(customer: Customer, namings: Naming[], odd: Naming[]): Cut[] {
  const active = customer.links.filter(link => link.standing === 'active');
  const rank = (cut: Cut, from: string) => {
    const side = reach(customer, from, cut.links);
    const here = namings.filter(naming => side.has(naming.identity));
    const there = namings.filter(naming => !side.has(naming.identity));
    // What leaves one name on each side explains it all; of two such, what was joined last.
    return {cut, parts: isAtOdds(here, there), left: Number(isAtOdds(here)) + Number(isAtOdds(there)), at: cut.links.map(link => link.changed_at).sort().at(-1) ?? ''};
  };
  const single = active.filter(link => !reach(customer, link.a, [link]).has(link.b)).map(link => rank({links: [link]}, link.a));
  // Where several links join them, as one address of many does, no single one parts them.
  const whole = [...new Set(odd.map(naming => naming.identity))].map(identity => {
    const own = active.filter(link => link.a === identity || link.b === identity);
    const names = namings.filter(naming => naming.identity === identity);
    const links = own.filter(link => {
      const behind = reach(customer, link.a === identity ? link.b : link.a, own);
      return isAtOdds(names, namings.filter(naming => behind.has(naming.identity)));
    });
    return rank({links, identity}, identity);
  });
  const found = [single, whole].map(kind => kind.filter(({parts}) => parts)).find(kind => kind.length > 0) ?? [];
  found.sort((a, b) => a.left - b.left || b.at.localeCompare(a.at));
  return found.filter(({left}) => left === found[0]?.left).slice(0, mostCuts).map(({cut}) => cut);
}

export function nameConflict(customer: Customer): NameConflict | null {
  const namings = namingsOf(customer);
  const different = namings.filter((naming, at) => namings.findIndex(one => one.name === naming.name && one.part === naming.part) === at).slice(0, mostNames);
  if (!isAtOdds(different)) return null;
  const odd = different.filter(naming => isAtOdds([naming], different));
  return {namings: odd, cuts: cutsBetween(customer, namings, odd)};
}
