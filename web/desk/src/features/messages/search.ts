// What of the outbox is shown, as it stands in the address.
export const messageStates = ['waiting', 'sending', 'sent', 'denied', 'dead', 'cancelled', 'bounced'] as const;

export interface MessageSearch {
  region?: string;
  state?: (typeof messageStates)[number];
  purpose?: string;
  customer?: string;
  at?: string; // the message that is open
}
