// Touchpoints: companies name their own; the usual ones have a sign, a word and a colour. The colours are Okabe and Ito's,
// which colour-blind readers can tell apart; they always stand beside the name.
import {
  IconBuildingStore,
  IconMessageCircle,
  IconCash,
  IconCircleDot,
  IconDeviceMobile,
  IconMail,
  IconPackage,
  IconPhone,
  IconReceipt,
  IconShoppingBag,
  IconWorld,
} from '@tabler/icons-react';
import type {TFunction} from 'i18next';

const signs: Record<string, typeof IconWorld> = {
  app: IconDeviceMobile,
  branch: IconBuildingStore,
  checkout: IconShoppingBag,
  delivery: IconPackage,
  hotline: IconPhone,
  invoice: IconReceipt,
  mail: IconMail,
  phone: IconPhone,
  shop: IconWorld,
  social: IconMessageCircle,
  till: IconCash,
};

export function TouchpointIcon({touchpoint}: {touchpoint: string | null}) {
  const Icon = signs[touchpoint ?? ''] ?? IconCircleDot;
  return <Icon size={16} stroke={1.7} aria-hidden />;
}

const named = ['app', 'branch', 'checkout', 'delivery', 'hotline', 'invoice', 'mail', 'phone', 'shop', 'social', 'till'] as const;

export function touchpointName(t: TFunction, touchpoint: string): string {
  const known = named.find(name => name === touchpoint);
  return known ? t(`touchpoints.${known}`) : touchpoint;
}

export const palette = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#999999'] as const;
