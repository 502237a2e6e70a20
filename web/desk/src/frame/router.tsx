import {createRootRoute, createRoute, createRouter, lazyRouteComponent, Link, parseSearchWith, stringifySearchWith} from '@tanstack/react-router';
import {useTranslation} from 'react-i18next';
import {type Occasion, occasions} from '../features/customers/occasion';
import {trySearch} from '../features/law/asked';
import {Page} from '../parts/page';
import {Empty, Failed, NoPermission} from '../parts/states';
import {type MessageSearch, messageStates} from '../features/messages/search';
import {type NoticeSearch, noticeStates} from '../features/notices/search';
import {type ReachSearch, reachPurposes} from '../features/reach/search';
import {statementSearch} from '../features/statements/search';
import {withWords} from '../i18n';
import {type ListSearch, listSearch} from '../parts/list-search';
import {type Guarded, useMay} from '../session/session';
import type {ComponentType} from 'react';
import {Shell} from './shell';

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
}

// As telephone systems write it: a plus that nobody encoded arrives as a space.
function phoneOf(value: unknown): string | undefined {
  return text(value)?.replace(/^ (?=\d)/, '+');
}

// A page that lives on an operation which not every role may call.
function guarded(operation: Guarded, Component: ComponentType & {preload?: () => Promise<void> | undefined}) {
  function Guard() {
    const may = useMay();
    return may(operation) ? <Component /> : <NoPermission />;
  }
  Guard.preload = Component.preload;
  return Guard;
}

function NotFound() {
  const {t} = useTranslation();
  return (
    <Page title={t('notFound.title')}>
      <Empty title={t('notFound.text')} action={<Link to="/">{t('notFound.home')}</Link>} />
    </Page>
  );
}

const root = createRootRoute({component: Shell, notFoundComponent: NotFound});
const overview = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('../features/overview/overview-page'), 'OverviewPage'),
});
const customers = createRoute({
  getParentRoute: () => root,
  path: '/customers',
  validateSearch: (search: Record<string, unknown>): {purpose?: string; phone?: string; mode?: 'test'} => ({
    purpose: text(search.purpose),
    phone: phoneOf(search.phone),
    mode: search.mode === 'test' ? 'test' : undefined,
  }),
  component: guarded('searchCustomers', lazyRouteComponent(() => import('../features/customers/customers-page'), 'CustomersPage')),
});
export const tabs = ['timeline', 'identities', 'consents', 'cases', 'feedback', 'actions', 'uses'] as const;
export type Tab = (typeof tabs)[number];
const customer = createRoute({
  getParentRoute: () => root,
  path: '/customers/$id',
  validateSearch: (search: Record<string, unknown>): {purpose?: string; because?: Occasion; touchpoint?: string; type?: string; tab?: Tab} => ({
    purpose: text(search.purpose),
    because: occasions.find(occasion => occasion === search.because),
    touchpoint: text(search.touchpoint),
    type: text(search.type),
    tab: tabs.find(tab => tab === search.tab),
  }),
  component: guarded('getCustomer', lazyRouteComponent(() => withWords(['customer', 'law'], () => import('../features/customers/customer-page')), 'CustomerPage')),
});
const sources = createRoute({
  getParentRoute: () => root,
  path: '/sources',
  validateSearch: listSearch,
  component: guarded('listSources', lazyRouteComponent(() => import('../features/sources/sources-page'), 'SourcesPage')),
});
const newSource = createRoute({
  getParentRoute: () => root,
  path: '/sources/new',
  validateSearch: (search: Record<string, unknown>): {for?: 'calls'} => ({for: search.for === 'calls' ? 'calls' : undefined}),
  component: guarded('createSource', lazyRouteComponent(() => import('../features/sources/new-source-page'), 'NewSourcePage')),
});
const source = createRoute({
  getParentRoute: () => root,
  path: '/sources/$id',
  component: guarded('getSource', lazyRouteComponent(() => import('../features/sources/source-page'), 'SourcePage')),
});
const law = createRoute({
  getParentRoute: () => root,
  path: '/law',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => withWords(['law'], () => import('../features/law/law-page')), 'LawPage'),
});
const ownRules = createRoute({
  getParentRoute: () => root,
  path: '/law/own',
  component: guarded('listOwnRules', lazyRouteComponent(() => withWords(['law'], () => import('../features/law/own-rules-page')), 'OwnRulesPage')),
});
const interests = createRoute({
  getParentRoute: () => root,
  path: '/law/interests',
  component: guarded('listAssessments', lazyRouteComponent(() => withWords(['law'], () => import('../features/law/interests-page')), 'InterestsPage')),
});
const register = createRoute({
  getParentRoute: () => root,
  path: '/law/register',
  component: guarded('getProcessingRegister', lazyRouteComponent(() => withWords(['law'], () => import('../features/law/register-page')), 'RegisterPage')),
});
const purposes = createRoute({
  getParentRoute: () => root,
  path: '/law/purposes',
  validateSearch: (search: Record<string, unknown>): ListSearch & {show?: 'all'; at?: string} => ({
    ...listSearch(search),
    show: search.show === 'all' ? 'all' : undefined,
    at: text(search.at),
  }),
  component: lazyRouteComponent(() => withWords(['law', 'notices'], () => import('../features/notices/purposes-page')), 'PurposesPage'),
});
const notices = createRoute({
  getParentRoute: () => root,
  path: '/law/notices',
  validateSearch: (search: Record<string, unknown>): NoticeSearch => ({
    purpose: text(search.purpose),
    state: noticeStates.find(state => state === search.state),
    language: text(search.language)?.match(/^[a-z]{2}(-[A-Z]{2})?$/)?.[0],
  }),
  component: lazyRouteComponent(() => withWords(['law', 'notices'], () => import('../features/notices/notices-page')), 'NoticesPage'),
});
const notice = createRoute({
  getParentRoute: () => root,
  path: '/law/notices/$id',
  component: lazyRouteComponent(() => withWords(['law', 'notices'], () => import('../features/notices/notice-page')), 'NoticePage'),
});
const messages = createRoute({
  getParentRoute: () => root,
  path: '/messages',
  validateSearch: (search: Record<string, unknown>): MessageSearch => ({
    region: text(search.region),
    state: messageStates.find(state => state === search.state),
    purpose: text(search.purpose),
    customer: text(search.customer),
    at: text(search.at),
  }),
  component: guarded('listMessages', lazyRouteComponent(() => withWords(['law', 'messages'], () => import('../features/messages/messages-page')), 'MessagesPage')),
});
const templates = createRoute({
  getParentRoute: () => root,
  path: '/messages/templates',
  validateSearch: listSearch,
  component: guarded('listTemplates', lazyRouteComponent(() => withWords(['law', 'messages'], () => import('../features/messages/templates-page')), 'TemplatesPage')),
});
const template = createRoute({
  getParentRoute: () => root,
  path: '/messages/templates/$id',
  validateSearch: (search: Record<string, unknown>): {version?: number} => ({version: Number(search.version) >= 1 ? Math.floor(Number(search.version)) : undefined}),
  component: guarded('getTemplate', lazyRouteComponent(() => withWords(['law', 'messages'], () => import('../features/messages/template-page')), 'TemplatePage')),
});
const newTemplate = createRoute({
  getParentRoute: () => root,
  path: '/messages/new-template',
  component: guarded('publishTemplate', lazyRouteComponent(() => withWords(['law', 'messages'], () => import('../features/messages/template-page')), 'NewTemplatePage')),
});
const reach = createRoute({
  getParentRoute: () => root,
  path: '/law/reach',
  validateSearch: (search: Record<string, unknown>): ReachSearch => ({purpose: reachPurposes.find(purpose => purpose === search.purpose)}),
  component: guarded('getReach', lazyRouteComponent(() => withWords(['law', 'reach'], () => import('../features/reach/reach-page')), 'ReachPage')),
});
const statements = createRoute({
  getParentRoute: () => root,
  path: '/law/statements',
  validateSearch: statementSearch,
  component: guarded('findConsents', lazyRouteComponent(() => withWords(['customer', 'law', 'notices', 'statements'], () => import('../features/statements/statements-page')), 'StatementsPage')),
});
const broughtConsents = createRoute({
  getParentRoute: () => root,
  path: '/law/statements/import',
  component: guarded('importConsents', lazyRouteComponent(() => withWords(['brought', 'law'], () => import('../features/statements/import-page')), 'ImportPage')),
});
const tryLaw = createRoute({
  getParentRoute: () => root,
  path: '/law/try',
  validateSearch: trySearch,
  component: lazyRouteComponent(() => withWords(['law'], () => import('../features/law/try-page')), 'TryPage'),
});
const country = createRoute({
  getParentRoute: () => root,
  path: '/law/$code',
  validateSearch: (search: Record<string, unknown>): {day?: string; at?: string} => ({
    day: text(search.day)?.match(/^\d{4}-\d{2}-\d{2}$/)?.[0],
    at: text(search.at),
  }),
  component: lazyRouteComponent(() => withWords(['law'], () => import('../features/law/country-page')), 'CountryPage'),
});
const staff = createRoute({
  getParentRoute: () => root,
  path: '/staff',
  validateSearch: listSearch,
  component: guarded('listStaff', lazyRouteComponent(() => import('../features/staff/staff-page'), 'StaffPage')),
});
const tokens = createRoute({
  getParentRoute: () => root,
  path: '/tokens',
  validateSearch: listSearch,
  component: guarded('listTokens', lazyRouteComponent(() => import('../features/staff/tokens-page'), 'TokensPage')),
});
const approvals = createRoute({
  getParentRoute: () => root,
  path: '/approvals',
  component: guarded('listApprovals', lazyRouteComponent(() => import('../features/approvals/approvals-page'), 'ApprovalsPage')),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: (search: Record<string, unknown>): {principal?: string} => ({principal: text(search.principal)}),
  component: guarded('listAudit', lazyRouteComponent(() => import('../features/audit/audit-page'), 'AuditPage')),
});
const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../features/settings/settings-page'), 'SettingsPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([overview, customers, customer, sources, newSource, source, law, ownRules, interests, register, purposes, notices, notice, reach, statements, broughtConsents, tryLaw, country, messages, templates, template, newTemplate, staff, tokens, approvals, audit, settings]),
  // What stands in an address is text, not JSON: else +49... became a number, and 1e5 another.
  parseSearch: parseSearchWith(value => value),
  stringifySearch: stringifySearchWith(JSON.stringify),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: ({error, reset}) => <Failed error={error} retry={reset} />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
