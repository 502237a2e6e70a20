// Why data is used. The registry is the server's; pages only name what it lists.
import {useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, take} from './client';

export function usePurposes() {
  const {data, ...rest} = useQuery({
    queryKey: ['purposes'],
    queryFn: () => take(api.GET('/api/v1/purposes')),
    staleTime: Infinity,
  });
  return {...rest, purposes: data?.items ?? []};
}

export type PurposeInfo = ReturnType<typeof usePurposes>['purposes'][number];

// "to help when somebody needs us", by the purpose's name.
export function usePurposeText(): (name: string) => string {
  const {i18n} = useTranslation();
  const {purposes} = usePurposes();
  return name => {
    const known = purposes.find(purpose => purpose.name === name);
    return known ? known.meaning[i18n.language === 'de' ? 'de' : 'en'] : name;
  };
}
