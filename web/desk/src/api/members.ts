import {useQuery} from '@tanstack/react-query';
import {api, type Schemas, take} from './client';

export type Member = Schemas['Member'];

// All of them: a company has hundreds of members of staff, and the API gives up to 200 a page.
export function useMembers(enabled = true) {
  return useQuery({
    queryKey: ['staff'],
    enabled,
    queryFn: async () => {
      const members: Member[] = [];
      let cursor: string | undefined;
      do {
        const page = await take(api.GET('/api/v1/staff', {params: {query: {limit: 200, cursor}}}));
        members.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor);
      return members;
    },
  });
}
