import {useQuery} from '@tanstack/react-query';
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../api/client';
import {useMay} from '../session/session';

export type Principal = {principal: string; kind: 'member' | 'token'; name: string; active: boolean};

// Everybody and every program that may stand in the audit: hundreds, and the API gives up to 200 a page.
export function usePrincipals() {
  const may = useMay();
  return useQuery({
    queryKey: ['staff', 'principals'],
    enabled: may('listAuditPrincipals'),
    queryFn: async () => {
      const all: Principal[] = [];
      let cursor: string | undefined;
      do {
        const page = await take(api.GET('/api/v1/audit/principals', {params: {query: {limit: 200, cursor}}}));
        all.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor);
      return all;
    },
  });
}

// The names of members and tokens, for whoever may read them; else, and for all others, what the record says.
export function useNames(): (principal: string) => string {
  const {t} = useTranslation();
  const {data} = usePrincipals();
  const names = useMemo(() => new Map(data?.map(one => [one.principal, one.name])), [data]);
  return principal => {
    if (principal === 'cli') return t('audit.commandLine');
    if (principal === 'customer') return t('roles.customer');
    if (principal === 'anonymous') return t('audit.anonymous');
    if (principal === 'settings') return t('audit.settings');
    return names.get(principal) ?? principal;
  };
}
