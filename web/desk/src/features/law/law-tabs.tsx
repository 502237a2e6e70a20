// From one page of the law to the others.
import {Link} from '@tanstack/react-router';
import {useTranslation} from 'react-i18next';
import {useMay} from '../../session/session';
import classes from './law.module.css';

export function LawTabs() {
  const {t} = useTranslation();
  const may = useMay();
  const tabs = [
    {to: '/law', text: t('law.toCountries'), shown: true},
    {to: '/law/purposes', text: t('law.purposes'), shown: true},
    {to: '/law/notices', text: t('law.notices'), shown: true},
    {to: '/law/interests', text: t('law.interests'), shown: may('listAssessments')},
    {to: '/law/register', text: t('law.processing'), shown: may('getProcessingRegister')},
    {to: '/law/own', text: t('law.toOwn'), shown: may('listOwnRules')},
    {to: '/law/try', text: t('law.toTry'), shown: true},
  ] as const;
  return (
    <nav className={classes.tabs} aria-label={t('pages.law')}>
      {tabs
        .filter(tab => tab.shown)
        .map(tab => (
          <Link key={tab.to} to={tab.to} className={classes.tab} activeOptions={{exact: true, includeSearch: false}}>
            {tab.text}
          </Link>
        ))}
    </nav>
  );
}
