// What this installation says of its purposes, and of what people agree to.
import {useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take, takeTagged} from '../../api/client';
import {useMay} from '../../session/session';

export type Entry = Schemas['PurposeEntry'];
export type NewEntry = Schemas['NewPurposeEntry'];
export type VersionHead = Schemas['NoticeVersionHead'];
// In what the server answers each part of a text is there.
export type NoticeText = Required<Schemas['NoticeText']>;
export type Version = VersionHead & {id: string; texts: NoticeText[]};
export type Notice = {id: string; published: Version | null; draft: Version | null; versions: VersionHead[]};
export type Activity = Schemas['ProcessingActivity'];

// All begin with `law`: whoever changes one of them asks for all of it anew.
export function useEntries() {
  return useQuery({queryKey: ['law', 'purpose-entries'], queryFn: async () => (await take(api.GET('/api/v1/purpose-entries'))).items});
}

export function useNotices() {
  return useQuery({queryKey: ['law', 'notices'], queryFn: async () => (await take(api.GET('/api/v1/notices'))).items as Notice[]});
}

// One version, with the tag by which a change says what it was meant for.
export function useVersion(id: string, version: number | undefined) {
  return useQuery({
    queryKey: ['law', 'notices', id, version],
    enabled: version !== undefined,
    queryFn: async () => {
      const {data, etag} = await takeTagged(api.GET('/api/v1/notices/{id}/versions/{version}', {params: {path: {id, version: version!}}}));
      return {data: data as Version, etag};
    },
  });
}

export function useAssessments() {
  const may = useMay();
  return useQuery({
    queryKey: ['law', 'interests'],
    enabled: may('listAssessments'),
    queryFn: async () => (await take(api.GET('/api/v1/interest-assessments'))).items,
  });
}

export function useActivities() {
  const may = useMay();
  return useQuery({
    queryKey: ['law', 'register'],
    enabled: may('getProcessingRegister'),
    queryFn: () => take(api.GET('/api/v1/processing-register') as Parameters<typeof take<{made_at: string; activities: Activity[]}>>[0]),
  }).data?.activities;
}

export function useReadersLanguage(): 'de' | 'en' {
  return useTranslation().i18n.language === 'de' ? 'de' : 'en';
}

// In the reader's language, else in English, else in the first there is.
export function textIn(version: {texts: NoticeText[]}, language: string): NoticeText | undefined {
  return version.texts.find(text => text.language === language) ?? version.texts.find(text => text.language === 'en') ?? version.texts[0];
}

// What a list shows of a notice: the version in force, else the draft, else what was in force last.
export function shownOf(notice: Notice): Version | null {
  return notice.published ?? notice.draft;
}
