// What became of a text, word by word: the longest part that both have in common stays.
export interface Piece {
  kind: 'same' | 'gone' | 'new';
  text: string;
}

const most = 2_000; // words of both; beyond that the whole text is told as another

export function difference(before: string, after: string): Piece[] {
  if (before === after) return [{kind: 'same', text: before}];
  const a = before.match(/\s+|[^\s]+/g) ?? [];
  const b = after.match(/\s+|[^\s]+/g) ?? [];
  const pieces: Piece[] = [];
  const add = (kind: Piece['kind'], text: string) => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text;
    else if (text) pieces.push({kind, text});
  };
  if (a.length + b.length > most) {
    add('gone', before);
    add('new', after);
    return pieces;
  }
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      add('same', a[i]!);
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      add('gone', a[i]!);
      i += 1;
    } else {
      add('new', b[j]!);
      j += 1;
    }
  }
  return pieces;
}
