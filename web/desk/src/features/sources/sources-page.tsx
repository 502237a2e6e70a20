import {Button} from '@mantine/core';
import {IconPlus} from '@tabler/icons-react';
import {createColumnHelper} from '@tanstack/react-table';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {type Source, useSources} from '../../api/sources';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {ListSection} from '../../parts/data-table';
import {Page} from '../../parts/page';
import {Empty} from '../../parts/states';
import {TouchpointIcon, touchpointName} from '../../parts/touchpoint';
import {useMay} from '../../session/session';

export function SourcesPage() {
  const {t} = useTranslation();
  const may = useMay();
  const search = useSearch({from: '/sources'});
  const navigate = useNavigate({from: '/sources'});
  const list = useSources();
  const columns = useColumns();
  const add = may('createSource') && (
    <Button component={Link} to="/sources/new" leftSection={<IconPlus size={16} aria-hidden />}>
      {t('sources.add')}
    </Button>
  );
  return (
    <Page title={t('pages.sources')} lead={t('sources.lead')} actions={add}>
      <ListSection
        list={list}
        label={t('pages.sources')}
        columns={columns}
        search={search}
        onSearch={change => void navigate({search: change, replace: true, resetScroll: false})}
        searchLabel={t('sources.search')}
        empty={
          <Empty title={t('sources.empty')} action={add}>
            {t('sources.emptyHint')}
          </Empty>
        }
      />
    </Page>
  );
}

function useColumns() {
  const {t} = useTranslation();
  const format = useFormats();
  return useMemo(() => {
    const column = createColumnHelper<Source>();
    return [
      column.accessor('name', {
        header: t('sources.name'),
        cell: ({row, getValue}) => (
          <span className="wrap">
            <Link to="/sources/$id" params={{id: row.original.id}}>
              {getValue()}
            </Link>
            <span className="soft tiny"> {row.original.id}</span>
          </span>
        ),
      }),
      column.accessor(row => touchpointName(t, row.touchpoint), {
        id: 'touchpoint',
        header: t('sources.touchpoint'),
        meta: {label: t('sources.touchpoint'), short: true},
        cell: ({row, getValue}) => (
          <span className="row">
            <TouchpointIcon touchpoint={row.original.touchpoint} /> {getValue()}
          </span>
        ),
      }),
      column.accessor('unit', {header: t('units.column'), meta: {label: t('units.column')}, cell: ({getValue}) => getValue() || <span className="soft">{t('units.all')}</span>}),
      column.accessor(row => t(`trust.${row.trust}`), {
        id: 'trust',
        header: t('sources.trust'),
        meta: {label: t('sources.trust')},
      }),
      column.accessor(row => row.purposes.length, {
        id: 'purposes',
        header: t('sources.purposes'),
        meta: {numeric: true, label: t('sources.purposes')},
      }),
      column.accessor(row => (row.enabled ? t('sources.on') : t('sources.off')), {
        id: 'state',
        header: t('sources.state'),
        meta: {label: t('sources.state')},
        cell: ({row, getValue}) => (
          <span className="row">
            <Chip tone={row.original.enabled ? 'good' : 'bad'}>{getValue()}</Chip>
            {row.original.mode === 'test' && <Chip tone="warn">{t('common.test')}</Chip>}
          </span>
        ),
      }),
      column.accessor('created_at', {
        header: t('sources.added'),
        meta: {label: t('sources.added'), short: true},
        cell: ({getValue}) => format.date(getValue()),
      }),
    ];
  }, [t, format]);
}
