// Kinds of keys by which a person is known, each with a sign.
import {
  IconAt,
  IconCreditCard,
  IconDeviceMobile,
  IconFingerprint,
  IconHash,
  IconHelp,
  IconPhone,
  IconReceipt,
  IconUserCircle,
  IconWorld,
} from '@tabler/icons-react';
import type {TFunction} from 'i18next';

const icons = {
  email: IconAt,
  phone: IconPhone,
  user_id: IconUserCircle,
  card_number: IconCreditCard,
  social_handle: IconHash,
  anonymous_id: IconWorld,
  device_id: IconDeviceMobile,
  name: IconFingerprint,
  order: IconReceipt,
};

export function KindIcon({kind, size = 18}: {kind: string; size?: number}) {
  const Icon = icons[kind as keyof typeof icons] ?? IconHelp;
  return <Icon size={size} stroke={1.7} aria-hidden />;
}

const named = ['email', 'phone', 'user_id', 'card_number', 'social_handle', 'anonymous_id', 'device_id', 'name', 'order'] as const;

export function kindName(t: TFunction, kind: string): string {
  const known = named.find(name => name === kind);
  return known ? t(`kinds.${known}`) : kind;
}

export const bases = ['A6-1-a', 'A6-1-b', 'A6-1-c', 'A6-1-d', 'A6-1-e', 'A6-1-f'] as const;
export type Basis = (typeof bases)[number];

// A link on this rests on a proof that staff can't give.
export const onConsent: Basis = 'A6-1-a';

export function basisName(t: TFunction, basis: string): string {
  const known = bases.find(name => name === basis);
  return known ? t(`bases.${known}`) : basis;
}

export function isDevice(identity: {kind: string}): boolean {
  return identity.kind === 'anonymous_id' || identity.kind === 'device_id';
}
