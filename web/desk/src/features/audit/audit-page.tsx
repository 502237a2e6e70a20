import {Alert, Button, TextInput} from '@mantine/core';
import {IconAlertTriangle, IconLink, IconSearch, IconShieldCheck} from '@tabler/icons-react';
import {useInfiniteQuery, useMutation} from '@tanstack/react-query';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {useNames} from '../../parts/names';
import {Page, Section} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import classes from './audit.module.css';

type AuditRecord = Schemas['AuditRecord'];

export function AuditPage() {
  const {t} = useTranslation();
  const {principal} = useSearch({from: '/audit'});
  const navigate = useNavigate({from: '/audit'});
  const [wanted, setWanted] = useState(principal ?? '');
  const query = useInfiniteQuery({
    queryKey: ['audit', principal],
    queryFn: ({pageParam}) => take(api.GET('/api/v1/audit', {params: {query: {principal, cursor: pageParam, limit: 100}}})),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
  });
  const records = query.data?.pages.flatMap(page => page.items) ?? [];
  const show = (by: string | undefined) => {
    setWanted(by ?? '');
    void navigate({search: {principal: by}, replace: true, resetScroll: false});
  };
  function submit(event: FormEvent) {
    event.preventDefault();
    show(wanted.trim() || undefined);
  }
  return (
    <Page title={t('pages.audit')} lead={t('audit.lead')}>
      <Check />
      <section className="card stack">
        <form className={classes.filter} onSubmit={submit} role="search">
          <TextInput
            type="search"
            label={t('audit.principal')}
            description={t('audit.principalHint')}
            leftSection={<IconSearch size={16} aria-hidden />}
            value={wanted}
            onChange={event => setWanted(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            {t('audit.show')}
          </Button>
          {principal && (
            <Button variant="subtle" onClick={() => show(undefined)}>
              {t('audit.all')}
            </Button>
          )}
        </form>
        {query.isPending ? (
          <Loading lines={8} height={40} />
        ) : query.error ? (
          <Failed error={query.error} retry={() => void query.refetch()} />
        ) : records.length === 0 ? (
          <Empty title={principal ? t('common.noMatch') : t('audit.empty')} />
        ) : (
          <>
            <ol className={classes.records}>
              {records.map(record => (
                <Line key={record.id} record={record} onPrincipal={show} />
              ))}
            </ol>
            {query.hasNextPage && (
              <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {t('audit.more')}
              </Button>
            )}
          </>
        )}
      </section>
    </Page>
  );
}

function Line({record, onPrincipal}: {record: AuditRecord; onPrincipal: (principal: string) => void}) {
  const {t} = useTranslation();
  const nameOf = useNames();
  return (
    <li className={classes.record}>
      <span className={classes.number}>{record.id}</span>
      <div className={classes.words}>
        <p>
          <button type="button" className={classes.principal} title={record.principal} onClick={() => onPrincipal(record.principal)}>
            {nameOf(record.principal)}
          </button>{' '}
          {t(`operations.${record.operation as 'getCustomer'}`, {defaultValue: record.operation})}
        </p>
        {record.target && record.target !== record.principal && (
          <p className="soft small wrap" title={record.target}>
            {nameOf(record.target)}
          </p>
        )}
      </div>
      <div className={classes.side}>
        <Chip tone={record.outcome === 'ok' ? 'good' : 'bad'}>{t(`outcome.${record.outcome}`)}</Chip>
        <When at={record.at} />
      </div>
    </li>
  );
}

function Check() {
  const {t} = useTranslation();
  const format = useFormats();
  const check = useMutation({mutationFn: () => take(api.GET('/api/v1/audit/check'))});
  return (
    <Section
      title={t('audit.check')}
      hint={t('audit.checkHint')}
      actions={
        <Button variant="default" leftSection={<IconLink size={16} aria-hidden />} loading={check.isPending} onClick={() => check.mutate()}>
          {t('audit.checkDo')}
        </Button>
      }
    >
      <div role="status">
        {check.error && <Failed error={check.error} />}
        {check.data?.intact && (
          <Alert color="brand" variant="light" icon={<IconShieldCheck aria-hidden />} title={t('audit.intact', {count: check.data.records, records: format.number(check.data.records)})}>
            {t('audit.head')} <code className="wrap">{check.data.head_digest}</code>
          </Alert>
        )}
        {check.data && !check.data.intact && (
          <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title={t('audit.broken', {number: format.number(check.data.broken_at ?? 0)})}>
            {t('audit.brokenHint')}
          </Alert>
        )}
      </div>
    </Section>
  );
}
