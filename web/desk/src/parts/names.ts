import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {useMembers} from '../api/members';
import {useMay} from '../session/session';

// The names of members, for whoever may read them; else, and for all others, what the record says.
export function useNames(): (principal: string) => string {
  const {t} = useTranslation();
  const {data} = useMembers(useMay()('listStaff'));
  const names = useMemo(() => new Map(data?.map(member => [`staff:${member.id}`, member.display_name])), [data]);
  return principal => names.get(principal) ?? (principal === 'cli' ? t('audit.commandLine') : principal === 'anonymous' ? t('audit.anonymous') : principal);
}
