// Orders and money of some days.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {useRefresh} from '../../parts/refresh';
import classes from './overview.module.css';
import type {Overview} from './use-overview';

export function Sales({days, overview}: {days: number; overview: Overview}) {
  const {t} = useTranslation();
  const format = useFormats();
  const {data, refetch} = useQuery({
    queryKey: ['days', days],
    queryFn: () => take(api.GET('/api/v1/events/days', {params: {query: {days}}})),
    placeholderData: keepPreviousData,
  });
  const events = overview.touchpoints.flatMap(touchpoint => touchpoint.steps);
  useRefresh(overview.span, String(events.reduce((all, one) => all + one, 0)), () => void refetch());
  const rows = data?.items ?? [];
  const sum = (measure: string) => rows.filter(row => row.measure === measure).reduce((all, row) => all + row.events, 0);
  const money = new Map<string | null, number>();
  for (const row of rows) {
    if (row.measure === 'orders' && row.amount) money.set(row.currency ?? null, (money.get(row.currency ?? null) ?? 0) + Number(row.amount));
  }
  const orders = sum('orders');
  const refunds = sum('refunds');
  if (orders === 0 && refunds === 0) return null;
  return (
    <dl className={classes.tiles}>
      <div className={classes.tile}>
        <dt>{t('overview.orders')}</dt>
        <dd>{format.number(orders)}</dd>
      </div>
      <div className={classes.tile}>
        <dt>{t('overview.ordered')}</dt>
        <dd>
          {[...money]
            .sort((a, b) => b[1] - a[1])
            .map(([currency, amount], index) => (
              <span key={currency ?? ''} className={index > 0 ? classes.lesser : undefined}>
                {format.moneyRound(amount, currency)}
              </span>
            ))}
          {money.size === 0 && '–'}
        </dd>
      </div>
      <div className={classes.tile}>
        <dt>{t('overview.refunds')}</dt>
        <dd>
          {format.number(refunds)}
          {orders > 0 && <span className={classes.lesser}>{t('overview.ofOrders', {share: format.percent(refunds / orders), count: orders, orders: format.number(orders)})}</span>}
        </dd>
      </div>
    </dl>
  );
}
