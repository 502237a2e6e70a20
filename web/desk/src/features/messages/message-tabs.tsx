import {useTranslation} from 'react-i18next';
import {PageTabs} from '../../parts/page-tabs';
import {useMay} from '../../session/session';

export function MessageTabs() {
  const {t} = useTranslation();
  const may = useMay();
  const tabs = [{to: '/messages', text: t('pages.messages')} as const, ...(may('listTemplates') ? [{to: '/messages/templates', text: t('pages.templates')} as const] : [])];
  return <PageTabs label={t('pages.messages')} tabs={tabs} />;
}
