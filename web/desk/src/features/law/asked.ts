// What is asked of the gate, as it stands in the address: a few plain texts, so that a question can be shared.
import type {Question} from './queries';

export const fields = [
  'purpose',
  'use',
  'channel',
  'country',
  'state',
  'strength',
  'given',
  'at',
  'zone',
  'sold',
  'age',
  'register',
  'basis',
  'role',
  'to',
  'flags',
] as const;
export type Field = (typeof fields)[number];
export type Asked = Partial<Record<Field, string>>;
export type OtherField = `b_${Field}`; // of the second person, where two are compared

export const flags = [
  'explicit',
  'quiet_hours',
  'recipient_named',
  'address_from_sale',
  'own_similar_goods',
  'told_when_collected',
  'business_relationship',
  'tells_objection',
  'interest_assessed',
  'for_children',
  'guardian',
  'restricted',
  'from_device',
  'global_privacy_control',
  'special',
  'location',
  'recording',
  'weighty',
  'reviewed',
  'safeguards',
  'not_granted',
  'not_stored',
] as const;
export type Flag = (typeof flags)[number];

export const uses = ['contact', 'store', 'view', 'decide', 'link', 'export', 'train'] as const satisfies readonly Question['use'][];
export const states = ['unknown', 'given', 'refused'] as const;
export const strengths = ['claimed', 'stated', 'confirmed'] as const;
export const registers = ['not_asked', 'clear', 'listed'] as const;

export function flagsOf(asked: Asked): Set<Flag> {
  const set = asked.flags?.split(',') ?? [];
  return new Set(flags.filter(flag => set.includes(flag)));
}

export function useOf(asked: Asked): (typeof uses)[number] {
  return uses.find(use => use === asked.use) ?? 'contact';
}

function oneOf<T extends string>(list: readonly T[], value: string | undefined): T | undefined {
  return list.find(each => each === value);
}

// What stands in the address; `prefix` is "" or "b_".
export function readAsked(search: Record<string, unknown>, prefix: '' | 'b_'): Asked {
  const asked: Asked = {};
  for (const field of fields) {
    const value = search[`${prefix}${field}`];
    const text = typeof value === 'number' ? String(value) : value; // 30 is read as a number
    if (typeof text === 'string' && text !== '' && text.length <= 400) asked[field] = text;
  }
  return asked;
}

export function trySearch(search: Record<string, unknown>): Asked & Partial<Record<OtherField, string>> {
  const other = readAsked(search, 'b_');
  return {...readAsked(search, ''), ...Object.fromEntries(Object.entries(other).map(([field, value]) => [`b_${field}`, value]))};
}

// On the day that is asked about, unless it is said otherwise: a consent of which nobody knows when is too old.
export function givenAt(asked: Asked): string {
  return asked.given ?? `${(asked.at ?? new Date().toISOString()).slice(0, 10)}T00:00:00Z`;
}

// The body of the request; null while it is not said what for. What is left out is not known, and means no.
export function questionOf(asked: Asked): Question | null {
  if (!asked.purpose) return null;
  const use = useOf(asked);
  const on = flagsOf(asked);
  const some = <T extends object>(value: T) => (Object.keys(value).length > 0 ? value : undefined);
  const yes = <T extends Flag>(...names: T[]) => Object.fromEntries(names.filter(name => on.has(name)).map(name => [name, true])) as Partial<Record<T, true>>;
  const state = oneOf(states, asked.state) ?? 'unknown';
  const categories = (['special', 'location', 'recording'] as const).filter(category => on.has(category));
  const question: Question = {
    use,
    purpose: asked.purpose,
    basis: asked.basis,
    channel: use === 'contact' ? (asked.channel as Question['channel']) : undefined,
    at: asked.at,
    categories: categories.length > 0 ? categories : undefined,
    consent:
      state === 'unknown'
        ? undefined
        : {
            state,
            ...(state === 'given' ? {strength: oneOf(strengths, asked.strength) ?? 'stated', given_at: givenAt(asked)} : {}),
            ...yes('explicit', 'quiet_hours', 'recipient_named'),
          },
    person: some({
      ...(asked.country ? {country: asked.country} : {}),
      ...(asked.age && /^\d+$/.test(asked.age) ? {age: Number(asked.age)} : {}),
      ...(asked.zone ? {time_zone: asked.zone} : {}),
      ...yes('for_children', 'guardian', 'restricted', 'from_device'),
    }),
    sale: some({...(asked.sold ? {at: asked.sold} : {}), ...yes('address_from_sale', 'own_similar_goods', 'told_when_collected', 'business_relationship')}),
    register: oneOf(registers, asked.register),
    ...yes('tells_objection', 'interest_assessed', 'global_privacy_control', 'weighty', 'reviewed', 'safeguards'),
    role: use === 'view' ? (asked.role ?? 'agent') : undefined,
    stored_for: use !== 'store' && use !== 'contact' && !on.has('not_stored') ? [asked.purpose] : undefined,
    granted: use === 'export' && !on.has('not_granted') ? [asked.purpose] : undefined,
    to_country: use === 'export' ? asked.to : undefined,
  };
  return Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined)) as unknown as Question;
}
