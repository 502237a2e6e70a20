// Bars, stacked, by the hour or day. A table with the same numbers stands beside them for readers of screens.
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

export interface Step {
  key: string;
  short: string; // below its bar, where there is room
  long: string;
  labelled?: boolean; // where some have a label and others none, whatever the room
}

interface BarsProps {
  label: string;
  steps: Step[];
  series: Series[];
}

const height = 240;
const above = 8; // pixels over the highest line, for half of its label
const below = 26; // for the steps
const left = 44; // for the numbers
const labelRoom = 84; // the newest one is moved to the left by half of a label
const gap = 0.28; // of a step's width

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

export function Bars({label, steps, series}: BarsProps) {
  const format = useFormats();
  const {place, width} = useWidth();
  const [chosen, setChosen] = useState<number | null>(null);
  const sums = useMemo(() => series.map(one => one.values.reduce((all, value) => all + value, 0)), [series]);
  const scale = useMemo(() => scaleFor(Math.max(...steps.map((_, index) => series.reduce((all, one) => all + (one.values[index] ?? 0), 0)))), [steps, series]);
  const room = Math.max(0, width - left);
  const slot = room / steps.length;
  // Of those that may have a label, as many as there is room for.
  const marked = steps.flatMap((step, index) => (step.labelled ? [index] : []));
  const candidates = marked.length > 0 ? marked : steps.map((_, index) => index);
  const hasRoom = labelled(candidates.length, room, labelRoom);
  const labels = new Set(candidates.filter((_, position) => hasRoom(position)));
  const y = (value: number) => above + (height - above - below) * (1 - value / scale.top);

  function point(event: PointerEvent) {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - left;
    const index = Math.floor(x / slot);
    setChosen(index >= 0 && index < steps.length ? index : null);
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
      <div ref={place} className={classes.place} aria-hidden onPointerMove={point} onPointerDown={point} onPointerLeave={() => setChosen(null)}>
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
            {chosen !== null && <rect x={left + chosen * slot} width={slot} y={above} height={height - above - below} className={classes.chosen} />}
            {steps.map((step, index) => (
              <g key={step.key}>
                <Stack values={series.map(one => one.values[index] ?? 0)} x={left + (index + gap / 2) * slot} width={slot * (1 - gap)} y={y} />
                {labels.has(index) && (
                  <text x={Math.min(left + (index + 0.5) * slot, width - labelRoom / 2 + 8)} y={height - 6} className={classes.day}>
                    {step.short}
                  </text>
                )}
              </g>
            ))}
          </svg>
        )}
        {chosen !== null && steps[chosen] !== undefined && (
          <div className={classes.tip} data-end={chosen > steps.length / 2 || undefined} style={chosen > steps.length / 2 ? {right: width - left - chosen * slot + 8} : {left: left + (chosen + 1) * slot + 8}}>
            <strong>{steps[chosen].long}</strong>
            {series.map((one, index) =>
              one.values[chosen]! > 0 ? (
                <span key={one.name} className={classes.tipLine}>
                  <svg width="8" height="8" aria-hidden>
                    <rect width="8" height="8" rx="2" fill={palette[index % palette.length]} />
                  </svg>
                  {one.name}
                  <span className="figures push">{format.number(one.values[chosen]!)}</span>
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
            {steps.map((step, index) => (
              <tr key={step.key}>
                <th scope="row">{step.long}</th>
                {series.map(one => (
                  <td key={one.name}>{format.number(one.values[index] ?? 0)}</td>
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

const sparkWidth = 96;
const sparkHeight = 24;

// Small bars beside a number that says the same in sum. What they show is told in words.
export function Spark({values, label}: {values: number[]; label: string}) {
  const most = Math.max(1, ...values);
  const slot = sparkWidth / Math.max(1, values.length);
  return (
    <svg className={classes.spark} viewBox={`0 0 ${sparkWidth} ${sparkHeight}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {values.map((value, index) => (
        <rect key={index} x={index * slot} width={Math.max(0.5, slot * 0.8)} y={sparkHeight - Math.max(1, (sparkHeight * value) / most)} height={Math.max(1, (sparkHeight * value) / most)} data-none={value === 0 || undefined} />
      ))}
    </svg>
  );
}
