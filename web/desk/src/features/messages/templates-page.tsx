// What messages say: each template by its newest version.
import {Button} from '@mantine/core';
import {IconPlus} from '@tabler/icons-react';
import {createColumnHelper} from '@tanstack/react-table';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {useMemo} from 'react';
import {useTranslation} from 'react-i18next';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {ListSection} from '../../parts/data-table';
import {useNames} from '../../parts/names';
import {Page} from '../../parts/page';
import {Empty} from '../../parts/states';
import {When} from '../../parts/when';
import {useMay} from '../../session/session';
import {MessageTabs} from './message-tabs';
import {type Template, useTemplates} from './queries';

export function TemplatesPage() {
  const {t} = useTranslation();
  const may = useMay();
  const search = useSearch({from: '/messages/templates'});
  const navigate = useNavigate({from: '/messages/templates'});
  const columns = useColumns();
  const add = may('publishTemplate') && (
    <Button component={Link} to="/messages/new-template" leftSection={<IconPlus size={16} aria-hidden />}>
      {t('templates.add')}
    </Button>
  );
  return (
    <Page title={t('pages.templates')} lead={t('templates.lead')} actions={add}>
      <MessageTabs />
      <ListSection
        list={useTemplates()}
        label={t('templates.list')}
        columns={columns}
        search={search}
        onSearch={change => void navigate({search: change, replace: true, resetScroll: false})}
        searchLabel={t('templates.search')}
        empty={<Empty title={t('templates.empty')}>{t('templates.emptyHint')}</Empty>}
      />
    </Page>
  );
}

function useColumns() {
  const {t, i18n} = useTranslation();
  const format = useFormats();
  const meaning = usePurposeText();
  const nameOf = useNames();
  const language = i18n.language === 'de' ? 'de' : 'en';
  return useMemo(() => {
    const column = createColumnHelper<Template>();
    return [
      column.accessor('id', {
        header: t('templates.id'),
        cell: ({row: {original}}) => (
          <span className="row">
            <Link to="/messages/templates/$id" params={{id: original.id}}>
              {original.id}
            </Link>
            {original.built_in && <Chip>{t('templates.builtIn')}</Chip>}
          </span>
        ),
      }),
      column.accessor(template => template.texts[language]?.subject ?? '', {id: 'subject', header: t('templates.subject'), meta: {label: t('templates.subject')}}),
      column.accessor(template => meaning(template.purpose), {id: 'purpose', header: t('templates.purpose'), meta: {label: t('templates.purpose')}}),
      column.accessor('version', {header: t('templates.version'), meta: {label: t('templates.version'), numeric: true, short: true}, cell: ({getValue}) => format.number(getValue())}),
      column.accessor(template => template.published_at ?? '', {
        id: 'published',
        header: t('templates.publishedAt'),
        meta: {label: t('templates.publishedAt')},
        enableGlobalFilter: false,
        cell: ({row: {original}}) =>
          original.published_at ? (
            <span>
              <When at={original.published_at} /> <span className="soft">{nameOf(original.published_by ?? '')}</span>
            </span>
          ) : (
            <span className="soft">–</span>
          ),
      }),
    ];
  }, [t, format, meaning, nameOf, language]);
}
