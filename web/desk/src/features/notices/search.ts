// Which notices are shown, as it stands in the address.
export const noticeStates = ['draft', 'published', 'retired'] as const;

export interface NoticeSearch {
  purpose?: string;
  state?: (typeof noticeStates)[number];
  language?: string;
}
