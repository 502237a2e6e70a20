import {useQuery} from '@tanstack/react-query';
import {api, type Schemas, take} from './client';

export type Source = Schemas['Source'];

// All of them: a company has tens of sources, and the API gives up to 200 a page.
export function useSources(enabled = true) {
  return useQuery({
    queryKey: ['sources'],
    enabled,
    queryFn: async () => {
      const sources: Source[] = [];
      let cursor: string | undefined;
      do {
        const page = await take(api.GET('/api/v1/sources', {params: {query: {limit: 200, cursor}}}));
        sources.push(...page.items);
        cursor = page.next ?? undefined;
      } while (cursor);
      return sources;
    },
  });
}
