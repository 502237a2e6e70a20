import {Alert, Button, Select} from '@mantine/core';
import {IconAlertTriangle, IconLink, IconShieldCheck} from '@tabler/icons-react';
import {useInfiniteQuery, useMutation} from '@tanstack/react-query';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {useNames, usePrincipals} from '../../parts/names';
import {Page, Section} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import classes from './audit.module.css';
import {operationText, useTargets} from './words';

type AuditRecord = Schemas['AuditRecord'];

export function AuditPage() {
  const {t} = useTranslation();
  const {principal} = useSearch({from: '/audit'});
  const navigate = useNavigate({from: '/audit'});
  const query = useInfiniteQuery({
    queryKey: ['audit', principal],
    queryFn: ({pageParam}) => take(api.GET('/api/v1/audit', {params: {query: {principal, cursor: pageParam, limit: 100}}})),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: page => page.next ?? undefined,
  });
  const records = query.data?.pages.flatMap(page => page.items) ?? [];
  const show = (by: string | undefined) => void navigate({search: {principal: by}, replace: true, resetScroll: false});
  return (
    <Page title={t('pages.audit')} lead={t('audit.lead')}>
      <Check />
      <section className="card stack">
        <div className={classes.filter}>
          <Who principal={principal} onChange={show} />
          {principal && (
            <Button variant="subtle" onClick={() => show(undefined)}>
              {t('audit.all')}
            </Button>
          )}
        </div>
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

// Chosen by name; an address may name somebody whom no list has.
function Who({principal, onChange}: {principal: string | undefined; onChange: (principal: string | undefined) => void}) {
  const {t} = useTranslation();
  const {data = []} = usePrincipals();
  const nameOf = useNames();
  const others = ['cli', 'anonymous', 'settings'];
  const listed = (kind: 'member' | 'token') =>
    data.filter(one => one.kind === kind).map(one => ({value: one.principal, label: one.active ? one.name : t('audit.former', {name: one.name})}));
  const known = principal === undefined || others.includes(principal) || data.some(one => one.principal === principal);
  return (
    <Select
      label={t('audit.principal')}
      placeholder={t('audit.everybody')}
      searchable
      nothingFoundMessage={t('common.noMatch')}
      value={principal ?? null}
      onChange={value => onChange(value ?? undefined)}
      data={[
        {group: t('audit.people'), items: listed('member')},
        {group: t('audit.programs'), items: listed('token')},
        {group: t('audit.others'), items: [...others, ...(known ? [] : [principal])].map(value => ({value, label: nameOf(value)}))},
      ].filter(group => group.items.length > 0)}
    />
  );
}

function Line({record, onPrincipal}: {record: AuditRecord; onPrincipal: (principal: string) => void}) {
  const {t} = useTranslation();
  const nameOf = useNames();
  const nameOfTarget = useTargets();
  return (
    <li className={classes.record}>
      <span className={classes.number}>{record.id}</span>
      <div className={classes.words}>
        <p>
          <button type="button" className={classes.principal} title={record.principal} onClick={() => onPrincipal(record.principal)}>
            {nameOf(record.principal)}
          </button>{' '}
          {operationText(t, record.operation)}
        </p>
        {record.target && record.target !== record.principal && (
          <p className="soft small wrap" title={record.target}>
            {nameOfTarget(record.target)}
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
