// Bars a day, stacked. ECharts is fetched only where a chart is; a table with the same numbers stands beside it for readers
// of screens.
import {Skeleton, useComputedColorScheme, VisuallyHidden} from '@mantine/core';
import {useEffect, useRef, useState} from 'react';
import {useFormats} from '../i18n/format';
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

export function Bars({label, days, series}: BarsProps) {
  const format = useFormats();
  const scheme = useComputedColorScheme('light');
  const place = useRef<HTMLDivElement>(null);
  const [drawn, setDrawn] = useState(false);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let gone = false;
    let dispose = () => {};
    void import('./echarts').then(({drawBars}) => {
      if (gone) return;
      const look = getComputedStyle(document.documentElement);
      const colour = (name: string) => look.getPropertyValue(name).trim();
      dispose = drawBars(element, {
        days,
        series: series.map((one, index) => ({...one, colour: palette[index % palette.length]!})),
        dayText: format.dayMonth,
        numberText: format.compact,
        exactText: format.number,
        colours: {text: colour('--ink-soft'), line: colour('--line'), surface: colour('--raised'), ink: colour('--ink')},
        font: colour('--mantine-font-family'),
      });
      setDrawn(true);
    });
    return () => {
      gone = true;
      dispose();
    };
  }, [days, series, format, scheme]);

  const sums = series.map(one => one.values.reduce((all, value) => all + value, 0));
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
      <div className={classes.place} aria-hidden>
        {!drawn && <Skeleton className={classes.wait} />}
        <div ref={place} className={classes.canvas} />
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
            {days.map((day, index) => (
              <tr key={day}>
                <th scope="row">{format.dayMonth(day)}</th>
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
