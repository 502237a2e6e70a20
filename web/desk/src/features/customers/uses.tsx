import {Button} from '@mantine/core';
import {useInfiniteQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {usePurposeText, usePurposes} from '../../api/purposes';
import {Chip} from '../../parts/chip';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import classes from './uses.module.css';

// One look at a customer is an entry for each of the identities; here they are one line.
export function Uses({id, purpose}: {id: string; purpose: string}) {
  const {t} = useTranslation();
  const {data, error, isPending, refetch, hasNextPage, fetchNextPage, isFetchingNextPage} = useInfiniteQuery({
    queryKey: ['customers', id, 'uses', purpose],
    queryFn: ({pageParam}) =>
      take(api.GET('/api/v1/customers/{id}/uses', {params: {path: {id}, query: {purpose, limit: 100, cursor: pageParam}}})),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
    // To read on is a look of its own; to come back to what was read is none.
    staleTime: Infinity,
  });
  if (isPending) return <Loading lines={6} height={44} />;
  if (error && !data) return <Failed error={error} retry={() => void refetch()} />;
  const looks = new Map<string, (typeof data.pages)[number]['items'][number] & {identities: Set<string>}>();
  for (const entry of data.pages.flatMap(page => page.items)) {
    const key = [entry.at.slice(0, 19), entry.operation, entry.role, entry.decision, entry.purposes.join()].join('\n');
    const look = looks.get(key) ?? {...entry, identities: new Set()};
    look.identities.add(entry.identity);
    looks.set(key, look);
  }
  return (
    <div className="stack">
      <p className="soft small">{t('uses.lead')}</p>
      {looks.size === 0 ? (
        <Empty title={t('uses.empty')} />
      ) : (
        <ol className={classes.list}>
          {[...looks].map(([key, look]) => (
            <li key={key} className={classes.look}>
              <div className={classes.words}>
                <p>
                  <strong>{t(`roles.${look.role as Schemas['Role']}`, {defaultValue: look.role})}</strong>{' '}
                  {t(`operations.${look.operation as 'getCustomer'}`, {defaultValue: look.operation})}
                </p>
                <Why names={look.purposes} />
              </div>
              <div className={classes.side}>
                {look.decision === 'deny' ? <Chip tone="bad">{t('uses.denied')}</Chip> : <Chip tone="good">{t('uses.allowed')}</Chip>}
                <When at={look.at} />
              </div>
            </li>
          ))}
        </ol>
      )}
      {error && <Failed error={error} retry={() => void fetchNextPage()} />}
      {hasNextPage && !error && (
        <div>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('uses.more')}
          </Button>
        </div>
      )}
    </div>
  );
}

function Why({names}: {names: string[]}) {
  const {t} = useTranslation();
  const text = usePurposeText();
  const {purposes} = usePurposes();
  const all = purposes.filter(entry => entry.may_look).length;
  if (names.length > 2) {
    return (
      <details className={classes.why}>
        <summary>{names.length >= all ? t('uses.allPurposes') : t('uses.purposes', {count: names.length})}</summary>
        <ul>
          {names.map(name => (
            <li key={name}>{text(name)}</li>
          ))}
        </ul>
      </details>
    );
  }
  return <p className={classes.why}>{names.map(text).join(', ')}</p>;
}
