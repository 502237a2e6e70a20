// The outbox as the server has it.
import {useInfiniteQuery, useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {notify} from '../../parts/notify';
import {asProblem, explain} from '../../parts/problem';
import {useLastSign} from '../../parts/refresh';
import type {MessageSearch} from './search';

export type Message = Schemas['Message'];
export type Step = Message['trace'][number];
export type Template = Schemas['Template'];
export type NewTemplate = Schemas['NewTemplate'];

const pause = 15_000; // milliseconds between two looks
const idle = 300_000; // a page that is left open keeps no session alive
export const countedUpTo = 200;

export function useMessages({region, state, purpose, customer}: MessageSearch) {
  return useInfiniteQuery({
    queryKey: ['messages', 'list', {region, state, purpose, customer}],
    queryFn: ({pageParam}) => take(api.GET('/api/v1/messages', {params: {query: {region, state, purpose, customer, cursor: pageParam, limit: 50}}})),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
  });
}

// How many wait, and whether there is a mail server to take them; asked for again and again while somebody is there.
export function useWaiting(region: string | undefined) {
  const sign = useLastSign();
  const queries = useQueryClient();
  return useQuery({
    queryKey: ['messages', 'waiting', region],
    refetchInterval: () => (Date.now() - sign.current > idle ? false : pause),
    queryFn: async () => {
      const before = queries.getQueryData<{count: number}>(['messages', 'waiting', region]);
      const page = await take(api.GET('/api/v1/messages', {params: {query: {region, state: 'waiting', limit: countedUpTo}}}));
      const now = {count: page.items.length, more: page.next !== null, mailConfigured: page.mail_configured, linksConfigured: page.links_configured};
      if (before && before.count !== now.count) void queries.invalidateQueries({queryKey: ['messages', 'list']});
      return now;
    },
  });
}

export function useMessage(id: string | undefined) {
  return useQuery({queryKey: ['messages', 'one', id], enabled: id !== undefined, retry: false, queryFn: () => take(api.GET('/api/v1/messages/{id}', {params: {path: {id: id!}}}))});
}

// Holding back and trying again: each takes the other back.
export function useTurn() {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const settled = () => void queries.invalidateQueries({queryKey: ['messages']});
  const failed = (error: unknown) => {
    const problem = asProblem(error);
    const known = problem.code === 'message_not_waiting' ? t('messages.notWaiting') : problem.code === 'message_not_dead' ? t('messages.notDead') : undefined;
    notify({kind: 'bad', text: known ?? explain(t, problem)});
  };
  const params = (id: string) => ({path: {id}, header: {'Idempotency-Key': idempotencyKey()}});
  const cancel = useMutation({
    mutationFn: (id: string) => take(api.POST('/api/v1/messages/{id}/cancel', {params: params(id)})),
    onSuccess: (_, id) => notify({kind: 'good', text: t('messages.cancelled'), undo: () => revive.mutate(id)}),
    onError: failed,
    onSettled: settled,
  });
  const revive = useMutation({
    mutationFn: (id: string) => take(api.POST('/api/v1/messages/{id}/revive', {params: params(id)})),
    onSuccess: (_, id) => notify({kind: 'good', text: t('messages.revived'), undo: () => cancel.mutate(id)}),
    onError: failed,
    onSettled: settled,
  });
  return {cancel, revive};
}

export function useTemplates() {
  return useQuery({queryKey: ['templates', 'list'], queryFn: async () => (await take(api.GET('/api/v1/templates'))).items});
}

export function useTemplate(id: string, version: number | undefined) {
  return useQuery({queryKey: ['templates', id, version ?? 0], retry: false, queryFn: () => take(api.GET('/api/v1/templates/{id}', {params: {path: {id}, query: {version}}}))});
}
