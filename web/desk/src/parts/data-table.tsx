// A list of the house: while it comes, where it fails, and as a table that can be searched and sorted; on a phone each
// row becomes a card.
import {TextInput} from '@mantine/core';
import {IconArrowDown, IconArrowsSort, IconArrowUp, IconSearch} from '@tabler/icons-react';
import {
  type ColumnDef,
  flexRender,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type RowData,
  type SortingState,
  useReactTable,
} from '@tanstack/react-table';
import {type ReactNode, useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {useFormats} from '../i18n/format';
import classes from './data-table.module.css';
import type {ListSearch} from './list-search';
import {Empty, Failed, Loading} from './states';

declare module '@tanstack/react-table' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData extends RowData, TValue> {
    numeric?: boolean;
    short?: boolean; // stays on one line
    label?: string;
  }
}

interface DataTableProps<Row> {
  label: string;
  rows: Row[];
  columns: ColumnDef<Row, any>[]; // eslint-disable-line @typescript-eslint/no-explicit-any
  search: ListSearch;
  onSearch: (search: ListSearch) => void;
  searchLabel?: string;
  empty: ReactNode;
}

interface ListSectionProps<Row> extends Omit<DataTableProps<Row>, 'rows'> {
  list: {data: Row[] | undefined; error: Error | null; isPending: boolean; refetch: () => Promise<unknown>};
}

export function ListSection<Row>({list, ...table}: ListSectionProps<Row>) {
  return (
    <section className="card">
      {list.isPending ? (
        <Loading lines={6} height={40} />
      ) : list.data === undefined || list.error ? (
        <Failed error={list.error} retry={() => void list.refetch()} />
      ) : (
        <DataTable rows={list.data} {...table} />
      )}
    </section>
  );
}

function DataTable<Row>({label, rows, columns, search, onSearch, searchLabel, empty}: DataTableProps<Row>) {
  const {t} = useTranslation();
  const format = useFormats();
  const sorting = useMemo<SortingState>(() => (search.sort ? [{id: search.sort.replace(/^-/, ''), desc: search.sort.startsWith('-')}] : []), [search.sort]);
  const table = useReactTable({
    data: rows,
    columns,
    state: {sorting, globalFilter: search.q ?? ''},
    onSortingChange: change => {
      const [first] = typeof change === 'function' ? change(sorting) : change;
      onSearch({...search, sort: first ? `${first.desc ? '-' : ''}${first.id}` : undefined});
    },
    defaultColumn: {sortingFn: (a, b, column) => format.compare(a.getValue(column), b.getValue(column))},
    globalFilterFn: 'includesString',
    autoResetPageIndex: false, // there is one page; and each reset would draw the table again, for ever
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
  if (rows.length === 0) return empty;
  const shown = table.getRowModel().rows;
  return (
    <div className="stack-tight">
      {searchLabel && (
        <TextInput
          className={classes.search}
          type="search"
          aria-label={searchLabel}
          placeholder={searchLabel}
          leftSection={<IconSearch size={16} aria-hidden />}
          value={search.q ?? ''}
          onChange={event => onSearch({...search, q: event.currentTarget.value || undefined})}
        />
      )}
      <table className={classes.table} aria-label={label}>
        <thead>
          {table.getHeaderGroups().map(group => (
            <tr key={group.id}>
              {group.headers.map(header => {
                const sorted = header.column.getIsSorted();
                const content = flexRender(header.column.columnDef.header, header.getContext());
                return (
                  <th
                    key={header.id}
                    scope="col"
                    data-numeric={header.column.columnDef.meta?.numeric || undefined}
                    aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : undefined}
                  >
                    {header.column.getCanSort() ? (
                      <button type="button" className={classes.sort} onClick={header.column.getToggleSortingHandler()}>
                        {content}
                        {sorted === 'asc' ? (
                          <IconArrowUp size={14} aria-hidden />
                        ) : sorted === 'desc' ? (
                          <IconArrowDown size={14} aria-hidden />
                        ) : (
                          <IconArrowsSort size={14} aria-hidden className={classes.unsorted} />
                        )}
                      </button>
                    ) : (
                      content
                    )}
                  </th>
                );
              })}
            </tr>
          ))}
        </thead>
        <tbody>
          {shown.map(row => (
            <tr key={row.id}>
              {row.getVisibleCells().map(cell => (
                <td key={cell.id} data-numeric={cell.column.columnDef.meta?.numeric || undefined} data-short={cell.column.columnDef.meta?.short || undefined}>
                  {cell.column.columnDef.meta?.label && (
                    <span className={classes.cellLabel} aria-hidden>
                      {cell.column.columnDef.meta.label}
                    </span>
                  )}
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === 0 && <Empty title={t('common.noMatch')}>{t('common.noMatchHint')}</Empty>}
    </div>
  );
}
