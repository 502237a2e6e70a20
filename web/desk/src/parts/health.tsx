// Whether each part of the server can serve.
import {IconAlertTriangle, IconCircleCheck} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {Problem, type Schemas} from '../api/client';
import classes from './health.module.css';
import {Failed, Loading} from './states';

async function readiness(): Promise<Schemas['Readiness']> {
  const response = await fetch('/readyz').catch(() => {
    throw new Problem(0, 'unreachable', '');
  });
  if (response.status !== 200 && response.status !== 503) throw new Problem(response.status, 'error', '');
  return (await response.json()) as Schemas['Readiness'];
}

function regionsOf(parts: string[]): string[] {
  return [...new Set(parts.filter(part => part.includes('.')).map(part => part.split('.')[0]!))];
}

// The regions of this server; none while nobody knows.
export function useRegions(): string[] {
  const {data} = useQuery({queryKey: ['readyz'], queryFn: readiness, retry: false});
  return data ? regionsOf(Object.keys(data.parts)) : [];
}

export function Health() {
  const {t} = useTranslation();
  const {data, error, isPending, refetch} = useQuery({queryKey: ['readyz'], queryFn: readiness, refetchInterval: query => (query.state.status === 'error' ? 5_000 : 10_000), retry: false});
  if (isPending) return <Loading lines={3} />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  const parts = Object.entries(data.parts);
  const ill = parts.filter(([, part]) => part.status !== 'ready');
  const names = ill.map(([part]) => part).join(', ');
  const regions = regionsOf(parts.map(([part]) => part));
  return (
    <div className="stack-tight">
      {ill.length === 0 ? (
        <p className={classes.good}>
          <IconCircleCheck size={20} aria-hidden /> {t('health.ready')}
        </p>
      ) : (
        <div role="alert" className="stack-tight">
          <p className={data.status === 'degraded' ? classes.warn : classes.bad}>
            <IconAlertTriangle size={20} aria-hidden /> {t(data.status === 'degraded' ? 'health.degraded' : 'health.broken', {parts: names})}
          </p>
          {ill.map(([part, {reason}]) => reason && <p key={part} className="soft small" lang="en">{reason}</p>)}
        </div>
      )}
      <dl className="facts">
        <dt>{t('health.regions')}</dt>
        <dd>{regions.join(', ')}</dd>
        <dt>{t('health.version')}</dt>
        <dd>{__VERSION__}</dd>
      </dl>
    </div>
  );
}
