// The law as the server has it, and what keepers of it change.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';

export type Rule = Schemas['LawRule'];
export type Norm = Schemas['Norm'];
export type Topic = Schemas['LawTopic'];
export type Channel = Schemas['LawChannel'];
export type Text = Schemas['LawText'];
export type Question = Schemas['GateQuestion'];
export type NewOwnRule = Schemas['NewOwnLawRule'];
export type Preview = {confirm: string; day?: string} | {own_rule: NewOwnRule; day?: string};

export function useLaw() {
  return useQuery({queryKey: ['law'], queryFn: () => take(api.GET('/api/v1/law'))});
}

export type Place = NonNullable<ReturnType<typeof useLaw>['data']>['jurisdictions'][number];

// `day`: today where it is left out.
export function useJurisdiction(code: string, day: string | undefined) {
  return useQuery({
    queryKey: ['law', 'jurisdiction', code, day ?? ''],
    queryFn: () => take(api.GET('/api/v1/law/jurisdictions/{code}', {params: {path: {code}, query: {day}}})),
    placeholderData: (before, query) => (query?.queryKey[2] === code ? before : undefined),
  });
}

export type Jurisdiction = NonNullable<ReturnType<typeof useJurisdiction>['data']>;

export function useLawChanges() {
  return useQuery({queryKey: ['law', 'changes'], queryFn: async () => (await take(api.GET('/api/v1/law/changes'))).items});
}

export function useConfirmations(enabled: boolean) {
  return useQuery({queryKey: ['law', 'confirmations'], enabled, queryFn: async () => (await take(api.GET('/api/v1/law/confirmations'))).items});
}

export function useOwnRules() {
  return useQuery({queryKey: ['law', 'own'], queryFn: async () => (await take(api.GET('/api/v1/law/own-rules'))).items});
}

// What would be another norm; nothing is changed by asking.
export function usePreview(wanted: Preview | null) {
  return useQuery({
    queryKey: ['law', 'preview', wanted],
    enabled: wanted !== null,
    retry: false,
    queryFn: () => take(api.POST('/api/v1/law/preview', {body: wanted ?? {}})),
  });
}

export function useRuling(question: Question | null) {
  return useQuery({
    queryKey: ['rulings', question],
    enabled: question !== null,
    retry: false,
    staleTime: 0,
    placeholderData: keepPreviousData,
    queryFn: async () => (await take(api.POST('/api/v1/rulings', {body: {questions: question ? [question] : [], explain: true}}))).rulings[0],
  });
}

export type Ruling = NonNullable<ReturnType<typeof useRuling>['data']>;

// What is written in both languages, in the reader's.
export function useTextOf(): (text: Text) => string {
  const {i18n} = useTranslation();
  return text => text[i18n.language === 'de' ? 'de' : 'en'];
}

// The name of a place by its code; the code where the law has no entry for it.
export function usePlaceName(): (code: string) => string {
  const textOf = useTextOf();
  const {data} = useLaw();
  return code => {
    const found = data?.jurisdictions.find(place => place.code === code);
    return found ? textOf(found.name) : code;
  };
}
