// From one page of the law to the others.
import {useTranslation} from 'react-i18next';
import {PageTabs} from '../../parts/page-tabs';
import {useMay} from '../../session/session';

export function LawTabs() {
  const {t} = useTranslation();
  const may = useMay();
  const tabs = [
    {to: '/law', text: t('law.toCountries'), shown: true},
    {to: '/law/purposes', text: t('law.purposes'), shown: true},
    {to: '/law/notices', text: t('law.notices'), shown: true},
    {to: '/law/interests', text: t('law.interests'), shown: may('listAssessments')},
    {to: '/law/register', text: t('law.processing'), shown: may('getProcessingRegister')},
    {to: '/law/statements', text: t('law.statements'), shown: may('findConsents')},
    {to: '/law/reach', text: t('law.reach'), shown: may('getReach')},
    {to: '/law/own', text: t('law.toOwn'), shown: may('listOwnRules')},
    {to: '/law/try', text: t('law.toTry'), shown: true},
  ] as const;
  return <PageTabs label={t('pages.law')} tabs={tabs.filter(tab => tab.shown)} />;
}
