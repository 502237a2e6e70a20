// A file of consents as the browser reads it: what it is, its first lines, and the parts in which it is sent. It finds
// where records end just as the server does, so that no part ends within one.
export const columns = ['key_kind', 'key', 'act', 'purpose', 'channel', 'address', 'said_at', 'declaration', 'language', 'way', 'evidence', 'strength', 'expires_at', 'country', 'explicit', 'guardian'] as const;
export type Column = (typeof columns)[number];
export const needed: readonly Column[] = ['key_kind', 'key', 'act', 'purpose', 'channel'];
export const columnOf = (name: string): Column | undefined => columns.find(column => column === name);

export const mostBytes = 64 * 1024 * 1024;
const mostOfPart = 512 * 1024; // characters: with what JSON adds it stays below what the server takes at once
const mostOfRecord = 1024 * 1024;
const previewed = 3;

export interface ConsentFile {
  name: string;
  format: 'csv' | 'jsonl';
  header: string; // as it stands there; of CSV
  body: string; // what comes after it
  firstLine: number; // of the body
  delimiter: string;
  names: string[]; // of the columns, in their order
  first: string[][]; // the first statements' values, in the columns' order
  count: number;
}
export type Fault = {kind: 'encoding' | 'large' | 'empty'} | {kind: 'missing' | 'unknown' | 'twice'; columns: string[]};

export interface Part {
  text: string;
  offset: number; // what a line's number is higher by in the file
  count: number;
}

interface CsvRecord {
  end: number;
  fields: string[]; // empty where it can't be read
}

// A record that can't be read is its own line alone, so that one stray quote does not swallow the rest.
function csvRecord(text: string, begin: number, delimiter: string): CsvRecord {
  const newline = (from: number) => {
    const found = text.indexOf('\n', from);
    return found < 0 ? text.length : found;
  };
  const faulty = () => ({end: newline(begin), fields: []});
  const fields: string[] = [];
  let at = begin;
  for (;;) {
    let value = '';
    if (text[at] === '"') {
      let from = at + 1;
      for (;;) {
        const quote = text.indexOf('"', from);
        if (quote < 0 || quote - begin > mostOfRecord) return faulty();
        value += text.slice(from, quote);
        if (text[quote + 1] !== '"') {
          at = quote + 1;
          break;
        }
        value += '"';
        from = quote + 2;
      }
      if (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') return faulty();
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at++;
    } else {
      const from = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n') at++;
      value = text.slice(from, at).replace(/\r$/, '');
    }
    fields.push(value);
    if (at >= text.length || text[at] === '\n') return {end: at, fields};
    at++;
  }
}

interface Piece {
  begin: number;
  end: number; // without the line's end
  line: number; // of the file
  fields: string[];
}

// Statement by statement; blank lines are none.
function* pieces(file: Pick<ConsentFile, 'format' | 'body' | 'firstLine' | 'delimiter'>): Generator<Piece> {
  const {format, body, delimiter} = file;
  let line = file.firstLine;
  for (let begin = 0; begin < body.length; ) {
    const newline = body.indexOf('\n', begin);
    const lineEnd = newline < 0 ? body.length : newline;
    const quoted = format === 'csv' && body.slice(begin, lineEnd).includes('"');
    const record = quoted ? csvRecord(body, begin, delimiter) : {end: lineEnd, fields: format === 'csv' ? body.slice(begin, lineEnd).replace(/\r$/, '').split(delimiter) : []};
    const text = body.slice(begin, record.end);
    const blank = format === 'csv' ? text === '' || text === '\r' : text.trim() === '';
    if (!blank) yield {begin, end: record.end, line, fields: record.fields};
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) line++;
    line++;
    begin = record.end + 1;
  }
}

export function* partsOf(file: ConsentFile, mostLines: number): Generator<Part> {
  const head = file.format === 'csv' ? `${file.header}\n` : '';
  let begin = -1;
  let end = 0;
  let firstLine = 0;
  let count = 0;
  const part = (): Part => ({text: head + file.body.slice(begin, end), offset: firstLine - (file.format === 'csv' ? 2 : 1), count});
  for (const piece of pieces(file)) {
    if (count > 0 && (count === mostLines || piece.end - begin > mostOfPart)) {
      yield part();
      count = 0;
    }
    if (count === 0) {
      begin = piece.begin;
      firstLine = piece.line;
    }
    end = piece.end;
    count++;
  }
  if (count > 0) yield part();
}

// The header's names, and what is wrong with them.
function readHeader(line: string, delimiter: string): {names: string[]; fault: Fault | null} {
  const names = csvRecord(line, 0, delimiter).fields;
  const unknown = names.filter(name => !columnOf(name));
  if (unknown.length > 0) return {names, fault: {kind: 'unknown', columns: unknown}};
  const twice = names.filter((name, at) => names.indexOf(name) !== at);
  if (twice.length > 0) return {names, fault: {kind: 'twice', columns: twice}};
  const missing = needed.filter(name => !names.includes(name));
  return {names, fault: missing.length > 0 ? {kind: 'missing', columns: missing} : null};
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function readText(name: string, text: string): ConsentFile | Fault {
  const lines = /^\s*\n/.exec(text)?.[0] ?? ''; // blank ones before the first
  const start = text.slice(lines.length);
  if (start.trim() === '') return {kind: 'empty'};
  let firstLine = lines.split('\n').length;
  const file: ConsentFile = {name, format: 'jsonl', header: '', body: start, firstLine, delimiter: ',', names: [], first: [], count: 0};
  if (!start.trimStart().startsWith('{')) {
    const end = start.indexOf('\n');
    const header = (end < 0 ? start : start.slice(0, end)).replace(/\r$/, '');
    const delimiter = header.split(';').length > header.split(',').length ? ';' : ',';
    const {names, fault} = readHeader(header, delimiter);
    if (fault) return fault;
    firstLine += 1;
    Object.assign(file, {format: 'csv', header, body: end < 0 ? '' : start.slice(end + 1), firstLine, delimiter, names});
  }
  const objects: Record<string, unknown>[] = [];
  for (const piece of pieces(file)) {
    if (file.count++ >= previewed) continue;
    if (file.format === 'csv') file.first.push(piece.fields);
    else objects.push(objectOf(file.body.slice(piece.begin, piece.end)));
  }
  if (file.count === 0) return {kind: 'empty'};
  if (file.format === 'jsonl') {
    file.names = [...new Set(objects.flatMap(Object.keys))];
    file.first = objects.map(each => file.names.map(key => (each[key] === undefined || each[key] === null ? '' : String(each[key]))));
  }
  return file;
}

export async function readFile(file: File): Promise<ConsentFile | Fault> {
  if (file.size > mostBytes) return {kind: 'large'};
  try {
    return readText(file.name, new TextDecoder('utf-8', {fatal: true}).decode(await file.arrayBuffer()));
  } catch {
    return {kind: 'encoding'};
  }
}
