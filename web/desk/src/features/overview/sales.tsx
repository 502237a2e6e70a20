// Orders and money of some days. Asked for anew when something has arrived, but not more often than the numbers can be of
// use, and only while somebody is there: each request is a use of the session, which a page left open must not keep alive.
import {keepPreviousData, useQuery} from '@tanstack/react-query';
import {useEffect, useRef} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import classes from './overview.module.css';

const pause = 5_000; // milliseconds
const idle = 300_000;

// When somebody last moved a pointer or pressed a key.
function useLastSign() {
  const last = useRef(Date.now());
  useEffect(() => {
    const note = () => {
      last.current = Date.now();
    };
    for (const name of ['pointermove', 'keydown'] as const) window.addEventListener(name, note, {passive: true});
    return () => {
      for (const name of ['pointermove', 'keydown'] as const) window.removeEventListener(name, note);
    };
  }, []);
  return last;
}

export function Sales({days, changed}: {days: number; changed: unknown}) {
  const {t} = useTranslation();
  const format = useFormats();
  const {data, refetch} = useQuery({
    queryKey: ['days', days],
    queryFn: () => take(api.GET('/api/v1/events/days', {params: {query: {days}}})),
    placeholderData: keepPreviousData,
  });
  const asked = useRef(Date.now());
  const sign = useLastSign();
  useEffect(() => {
    const ask = () => {
      if (Date.now() - sign.current > idle) return;
      asked.current = Date.now();
      void refetch();
    };
    // What came last within the pause is asked for after it.
    const timer = setTimeout(ask, Math.max(0, asked.current + pause - Date.now()));
    return () => clearTimeout(timer);
  }, [changed, refetch, sign]);
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
