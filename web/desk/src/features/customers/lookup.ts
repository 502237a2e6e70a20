// What somebody looks for. It is personal, so it is kept in the page's memory and never stands in an address.
import {useSyncExternalStore} from 'react';

export const kinds = ['email', 'phone', 'name', 'user_id', 'order', 'card_number', 'social_handle', 'anonymous_id'] as const;
export type Kind = (typeof kinds)[number];

export interface Lookup {
  kind: Kind;
  value: string;
  guessed?: boolean; // by the form of the value: other kinds of numbers may be meant as well
  calls?: boolean; // the number is that of a call, handed over by the telephone system
}

// In which order a look-up is tried until somebody is found.
export function attempts(lookup: Lookup): Kind[] {
  return lookup.guessed && lookup.kind === 'user_id' ? ['user_id', 'order', 'card_number'] : [lookup.kind];
}

let current: Lookup | null = null;
const listeners = new Set<() => void>();

export function setLookup(lookup: Lookup | null) {
  current = lookup;
  listeners.forEach(listener => listener());
}

export function useLookup(): Lookup | null {
  return useSyncExternalStore(
    listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

// What kind of thing a text is, as far as its form tells.
export function recognise(text: string): Kind {
  const value = text.trim();
  if (/^@\w/.test(value)) return 'social_handle';
  if (value.includes('@')) return 'email';
  if (/^(\+|00?)[\d\s()/.-]{6,}$/.test(value)) return 'phone';
  if (/\d/.test(value) && !/\s/.test(value)) return 'user_id';
  return 'name';
}
