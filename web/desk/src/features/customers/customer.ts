// What is known of a customer, and what to call them.
import type {Schemas} from '../../api/client';

export type Customer = Schemas['Customer'];
export type CustomerLink = Customer['links'][number];
export type CustomerIdentity = Customer['identities'][number];
type Trait = Customer['traits'][number];

// What one source calls one identity: what two systems tell of two people may have been joined by mistake.
export interface Naming {
  identity: string;
  source: string;
  name: string;
  // All of it, or only the first or the last name.
  part: 'whole' | 'first' | 'last';
  at: string;
}

function namingOf(traits: Trait[]): Naming | null {
  const [any] = traits;
  const text = (...names: string[]) => {
    const found = traits.find(trait => names.includes(trait.name) && typeof trait.value === 'string' && trait.value.trim() !== '');
    return found && {value: (found.value as string).trim(), at: found.occurred_at};
  };
  const whole = text('name');
  const first = text('firstName', 'first_name');
  const last = text('lastName', 'last_name');
  const newest = whole ?? last ?? first;
  if (!any || !newest) return null;
  return {
    identity: any.identity,
    source: any.source,
    name: whole?.value ?? [first?.value, last?.value].filter(part => part !== undefined).join(' '),
    part: whole || (first && last) ? 'whole' : first ? 'first' : 'last',
    at: newest.at,
  };
}

// The newest first.
export function namingsOf(customer: Customer): Naming[] {
  const tellers = new Map<string, Trait[]>();
  for (const trait of customer.traits) {
    const teller = `${trait.identity} ${trait.source}`;
    tellers.set(teller, [...(tellers.get(teller) ?? []), trait]);
  }
  return [...tellers.values()]
    .map(namingOf)
    .filter(naming => naming !== null)
    .sort((a, b) => b.at.localeCompare(a.at));
}

export function nameOf(customer: Customer): string | null {
  const namings = namingsOf(customer);
  const whole = namings.find(naming => naming.part === 'whole');
  if (whole) return whole.name;
  const parts = [namings.find(naming => naming.part === 'first'), namings.find(naming => naming.part === 'last')];
  return parts.filter(part => part !== undefined).map(part => part.name).join(' ') || null;
}

// What a source is called: the page of a customer says so, also to those who may not list sources.
export function sourceName(customer: Customer, id: string): string {
  return customer.sources.find(source => source.id === id)?.name ?? id;
}
