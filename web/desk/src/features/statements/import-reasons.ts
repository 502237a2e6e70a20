// The server's sentences about a line, by how they begin, and the word under which this page says the same.
export const reasons = [
  ['is no usable value of its kind', 'unusable'],
  ['must be empty: this channel', 'addressEmpty'],
  ['must be an address by which', 'addressKind'],
  ['is required: a yes for this channel', 'addressYes'],
  ['was erased here', 'erased'],
  ['is required: nobody of this key', 'addressUnknown'],
  ['with declaration and said_at', 'unproven'],
  ["must be one of the source's", 'purposeSource'],
  ['is of nobody who is known', 'lawForbids'],
  ['is of somebody who is being moved', 'moving'],
  ['is of somebody of whom no more', 'many'],
  ['must have at most', 'long'],
  ['must be a kind of key', 'keyKind'],
  ['is required: whose statement', 'keyMissing'],
  ['must be a code such as DE', 'country'],
  ['must be given, renewed', 'act'],
  ['must be a name of GET', 'purpose'],
  ['must be none, email', 'channel'],
  ['must be form, banner', 'way'],
  ['must be claimed, stated', 'strength'],
  ['must be true or false', 'flag'],
  ['is required: a yes that nobody can date', 'undated'],
  ['must not lie in the future', 'future'],
  ['must lie after said_at', 'expires'],
  ['must be a time such as', 'time'],
  ["must have the header's columns", 'columns'],
  ['quote_', 'quote'],
  ['field_too_long', 'long'],
  ['record_too_long', 'long'],
  ['must be a JSON object', 'json'],
  ['is no field of a statement', 'field'],
  ['must be a text', 'text'],
] as const;

export function reasonOf(said: string): (typeof reasons)[number][1] | undefined {
  return reasons.find(([start]) => said.startsWith(start))?.[1];
}
