// Where the bars of a chart stand, in pixels. Pure.

export interface Scale {
  top: number; // of the axis; all of the bars lie below
  ticks: number[]; // from 0 to the top
}

// Round numbers from 0 on, about as many steps as asked for.
export function scaleFor(most: number, steps = 3): Scale {
  const rough = Math.max(most, 1) / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * ([1, 2, 2.5, 5, 10].find(factor => factor * power >= rough) ?? 10));
  const count = Math.max(1, Math.ceil(most / step));
  return {top: step * count, ticks: Array.from({length: count + 1}, (_, index) => index * step)};
}

// Every how many days a label stands, so that each has room; the newest day always has one.
export function labelled(days: number, width: number, room: number): (index: number) => boolean {
  const every = Math.max(1, Math.ceil((days * room) / Math.max(width, 1)));
  return index => (days - 1 - index) % every === 0;
}
