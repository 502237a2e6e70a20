// The pages, in the order of daily work. Each says which operation of the API it lives on; who may not call that does not
// see the page.
import {IconChecklist, IconEyeCheck, IconKey, IconLayoutDashboard, IconMail, IconPlugConnected, IconScale, IconSettings, IconUsers, IconUsersGroup} from '@tabler/icons-react';
import type {Guarded} from '../session/session';

export const navigation = [
  {path: '/', name: 'overview', icon: IconLayoutDashboard, key: 'o', group: 'daily'},
  {path: '/customers', name: 'customers', icon: IconUsers, key: 'c', group: 'daily', needs: 'searchCustomers'},
  {path: '/messages', name: 'messages', icon: IconMail, key: 'n', group: 'daily', needs: 'listMessages'},
  {path: '/sources', name: 'sources', icon: IconPlugConnected, key: 'q', group: 'house', needs: 'listSources'},
  {path: '/law', name: 'law', icon: IconScale, key: 'l', group: 'house'},
  {path: '/staff', name: 'staff', icon: IconUsersGroup, key: 'm', group: 'house', needs: 'listStaff'},
  {path: '/tokens', name: 'tokens', icon: IconKey, key: 't', group: 'house', needs: 'listTokens'},
  {path: '/approvals', name: 'approvals', icon: IconEyeCheck, key: 'f', group: 'house', needs: 'listApprovals'},
  {path: '/audit', name: 'audit', icon: IconChecklist, key: 'p', group: 'house', needs: 'listAudit'},
  {path: '/settings', name: 'settings', icon: IconSettings, key: 'e', group: 'own'},
] as const satisfies readonly {
  path: string;
  name: string;
  icon: unknown;
  key: string;
  group: 'daily' | 'house' | 'own';
  needs?: Guarded;
}[];

export type Place = (typeof navigation)[number];

export function visible(may: (operation: Guarded) => boolean): Place[] {
  return navigation.filter(place => !('needs' in place) || may(place.needs));
}
