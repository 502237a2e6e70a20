import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, takeTagged} from '../../api/client';
import type {Source} from '../../api/sources';
import {notify} from '../../parts/notify';
import {notifyProblem} from '../../parts/problem';

export function useSource(id: string) {
  return useQuery({
    queryKey: ['sources', id],
    queryFn: () => takeTagged(api.GET('/api/v1/sources/{id}', {params: {path: {id}}})),
  });
}

// A change of a source, meant for what the page showed: if somebody else was faster, nothing is done.
export function useSourceChange<T>(id: string, done: string, change: (etag: string, value: T) => Promise<{data: Source; etag: string}>) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (value: T) => change(queries.getQueryData<{data: Source; etag: string}>(['sources', id])?.etag ?? '*', value),
    onSuccess: answer => {
      queries.setQueryData(['sources', id], answer);
      void queries.invalidateQueries({queryKey: ['sources'], exact: true});
      notify({kind: 'good', text: done});
    },
    onError: error => {
      notifyProblem(t, error);
      void queries.invalidateQueries({queryKey: ['sources', id]});
    },
  });
}
