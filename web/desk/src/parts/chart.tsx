// Bars a day, stacked. A table with the same numbers stands beside them for readers of screens.
import {VisuallyHidden} from '@mantine/core';
import {type PointerEvent, useEffect, useMemo, useRef, useState} from 'react';
import {useFormats} from '../i18n/format';
import {labelled, scaleFor} from './bars';
import classes from './chart.module.css';
import {palette} from './touchpoint';

export interface Series {
  name: string;
  values: number[];
}

interface BarsProps {
  label: string;
  days: string[];
  series: Series[];
}

const height = 240;
const above = 8; // pixels over the highest line, for half of its label
const below = 26; // for the days
const left = 44; // for the numbers
const labelRoom = 84; // the newest one is moved to the left by half of a label
const gap = 0.28; // of a day's width

function useWidth() {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setWidth(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  return {place, width};
}

export function Bars({label, days, series}: BarsProps) {
  const format = useFormats();
  const {place, width} = useWidth();
  const [day, setDay] = useState<number | null>(null);
  const sums = useMemo(() => series.map(one => one.values.reduce((all, value) => all + value, 0)), [series]);
  const scale = useMemo(() => scaleFor(Math.max(...days.map((_, index) => series.reduce((all, one) => all + one.values[index]!, 0)))), [days, series]);
  const room = Math.max(0, width - left);
  const slot = room / days.length;
  const hasLabel = labelled(days.length, room, labelRoom);
  const y = (value: number) => above + (height - above - below) * (1 - value / scale.top);

  function point(event: PointerEvent) {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - left;
    const index = Math.floor(x / slot);
    setDay(index >= 0 && index < days.length ? index : null);
  }

  return (
    <figure className={classes.figure}>
      <ul className={classes.legend}>
        {series.map((one, index) => (
          <li key={one.name}>
            <svg width="10" height="10" aria-hidden>
              <rect width="10" height="10" rx="2" fill={palette[index % palette.length]} />
            </svg>
            {one.name} <span className="figures soft">{format.number(sums[index]!)}</span>
          </li>
        ))}
      </ul>
      <div ref={place} className={classes.place} aria-hidden onPointerMove={point} onPointerDown={point} onPointerLeave={() => setDay(null)}>
        {width > 0 && (
          <svg width={width} height={height} className={classes.drawing}>
            {scale.ticks.map(tick => (
              <g key={tick}>
                <line x1={left} x2={width} y1={y(tick)} y2={y(tick)} className={classes.line} />
                <text x={left - 8} y={y(tick)} className={classes.number}>
                  {format.compact(tick)}
                </text>
              </g>
            ))}
            {day !== null && <rect x={left + day * slot} width={slot} y={above} height={height - above - below} className={classes.chosen} />}
            {days.map((name, index) => (
              <g key={name}>
                <Stack values={series.map(one => one.values[index]!)} x={left + (index + gap / 2) * slot} width={slot * (1 - gap)} y={y} />
                {hasLabel(index) && (
                  <text x={Math.min(left + (index + 0.5) * slot, width - labelRoom / 2 + 8)} y={height - 6} className={classes.day}>
                    {format.dayMonth(name)}
                  </text>
                )}
              </g>
            ))}
          </svg>
        )}
        {day !== null && days[day] !== undefined && (
          <div className={classes.tip} data-end={day > days.length / 2 || undefined} style={day > days.length / 2 ? {right: width - left - day * slot + 8} : {left: left + (day + 1) * slot + 8}}>
            <strong>{format.dayMonth(days[day])}</strong>
            {series.map((one, index) =>
              one.values[day]! > 0 ? (
                <span key={one.name} className={classes.tipLine}>
                  <svg width="8" height="8" aria-hidden>
                    <rect width="8" height="8" rx="2" fill={palette[index % palette.length]} />
                  </svg>
                  {one.name}
                  <span className="figures push">{format.number(one.values[day]!)}</span>
                </span>
              ) : null,
            )}
          </div>
        )}
      </div>
      <VisuallyHidden>
        <table>
          <caption>{label}</caption>
          <thead>
            <tr>
              <th scope="col">{label}</th>
              {series.map(one => (
                <th key={one.name} scope="col">
                  {one.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.map((name, index) => (
              <tr key={name}>
                <th scope="row">{format.dayMonth(name)}</th>
                {series.map(one => (
                  <td key={one.name}>{format.number(one.values[index]!)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}

function Stack({values, x, width, y}: {values: number[]; x: number; width: number; y: (value: number) => number}) {
  let under = 0;
  return values.map((value, index) => {
    const from = under;
    under += value;
    return value > 0 ? <rect key={index} x={x} width={width} y={y(under)} height={y(from) - y(under)} fill={palette[index % palette.length]} /> : null;
  });
}
