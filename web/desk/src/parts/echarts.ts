// The parts of ECharts that are used, in a file of their own so that they are fetched when they are.
import {BarChart} from 'echarts/charts';
import {GridComponent, TooltipComponent} from 'echarts/components';
import {init, use} from 'echarts/core';
import {CanvasRenderer} from 'echarts/renderers';

use([BarChart, GridComponent, TooltipComponent, CanvasRenderer]);

interface BarsOptions {
  days: string[];
  series: {name: string; values: number[]; colour: string}[];
  dayText: (day: string) => string;
  numberText: (value: number) => string;
  exactText: (value: number) => string;
  colours: {text: string; line: string; surface: string; ink: string};
  font: string;
}

// Draws into the element; gives back what takes it away again.
export function drawBars(element: HTMLElement, options: BarsOptions): () => void {
  const {colours} = options;
  const chart = init(element, null, {renderer: 'canvas'});
  const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
  const text = {color: colours.text, fontFamily: options.font, fontSize: 12};
  chart.setOption({
    animation: !still,
    animationDuration: 300,
    textStyle: {fontFamily: options.font},
    grid: {left: 4, right: 4, top: 12, bottom: 0, containLabel: true},
    tooltip: {
      trigger: 'axis',
      renderMode: 'richText', // the policy of the page allows no markup from text
      axisPointer: {type: 'shadow', shadowStyle: {color: colours.line, opacity: 0.5}},
      backgroundColor: colours.surface,
      borderColor: colours.line,
      padding: 10,
      textStyle: {color: colours.ink, fontFamily: options.font, fontSize: 13},
      formatter: (points: {axisValue: string; seriesName: string; value: number}[]) =>
        [options.dayText(points[0]?.axisValue ?? ''), ...points.filter(point => point.value > 0).map(point => `${point.seriesName}  ${options.exactText(point.value)}`)].join('\n'),
    },
    xAxis: {
      type: 'category',
      data: options.days,
      axisTick: {show: false},
      axisLine: {lineStyle: {color: colours.line}},
      axisLabel: {...text, formatter: options.dayText, hideOverlap: true},
    },
    yAxis: {type: 'value', splitNumber: 3, axisLabel: {...text, formatter: options.numberText}, splitLine: {lineStyle: {color: colours.line}}},
    series: options.series.map(one => ({type: 'bar', stack: 'all', name: one.name, data: one.values, itemStyle: {color: one.colour}, barCategoryGap: '28%'})),
  });
  const watcher = new ResizeObserver(() => chart.resize());
  watcher.observe(element);
  return () => {
    watcher.disconnect();
    chart.dispose();
  };
}
