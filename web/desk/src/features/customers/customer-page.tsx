import {Button, Tabs} from '@mantine/core';
import {IconPhonePlus} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link, useNavigate, useParams, useSearch} from '@tanstack/react-router';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {usePurposes} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Page, Section} from '../../parts/page';
import {Failed, Loading} from '../../parts/states';
import {touchpointName} from '../../parts/touchpoint';
import {When} from '../../parts/when';
import type {Tab} from '../../frame/router';
import {useMay} from '../../session/session';
import {becauseText} from './because';
import {CallNote} from './call-note';
import {Consents} from './consents';
import {type Customer, nameOf, sourceName} from './customer';
import classes from './customer-page.module.css';
import {Identities} from './identities';
import {NameWarning} from './name-warning';
import {inherited, orderOf} from './occasion';
import {Place, places} from './places';
import {keptPurpose, PurposeMenu, PurposeQuestion} from './purpose';
import {Timeline} from './timeline';
import {Uses} from './uses';

export function CustomerPage() {
  const {t} = useTranslation();
  const {id} = useParams({from: '/customers/$id'});
  const search = useSearch({from: '/customers/$id'});
  const navigate = useNavigate({from: '/customers/$id'});
  const purpose = search.purpose ?? keptPurpose();
  const choose = (chosen: string) => void navigate({search: before => ({...before, purpose: chosen, because: undefined}), replace: true});
  if (!purpose) {
    return (
      <Page title={t('customer.untitled', {id})} windowTitle={t('customer.window')}>
        <PurposeQuestion onChoose={choose} />
      </Page>
    );
  }
  return <Known id={id} purpose={purpose} onChoose={choose} />;
}

function Known({id, purpose, onChoose}: {id: string; purpose: string; onChoose: (purpose: string) => void}) {
  const {t} = useTranslation();
  const may = useMay();
  const {tab = 'timeline', because: said} = useSearch({from: '/customers/$id'});
  const {purposes} = usePurposes();
  const because = said && inherited(said, purposes) === purpose ? said : undefined;
  const navigate = useNavigate({from: '/customers/$id'});
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['customers', id, purpose],
    queryFn: () => take(api.GET('/api/v1/customers/{id}', {params: {path: {id}, query: {purpose}}})),
  });
  const name = data ? nameOf(data) : null;
  const [noting, setNoting] = useState(false);
  return (
    <Page
      title={name ?? t('customer.untitled', {id})}
      windowTitle={t('customer.window')}
      lead={data && <Lead customer={data} named={name !== null} />}
      actions={
        <>
          <PurposeMenu purpose={purpose} because={because && becauseText(t, because, orderOf(id))} onChoose={onChoose} />
          {data && may('noteCall') && (
            <Button variant="default" size="compact-md" leftSection={<IconPhonePlus size={16} aria-hidden />} onClick={() => setNoting(true)}>
              {t('calls.note')}
            </Button>
          )}
          {data && <CallNote opened={noting} onClose={() => setNoting(false)} about={{customer: data.id, purpose, mode: data.mode}} />}
        </>
      }
    >
      {isPending ? (
        <Loading lines={9} height={40} />
      ) : error ? (
        <div className="card">
          <Failed error={error} retry={() => void refetch()} />
          {error && 'status' in error && error.status === 404 && (
            <p className={classes.back}>
              {t('customer.goneHint')} <Link to="/customers" search={{purpose}}>{t('customer.back')}</Link>
            </p>
          )}
        </div>
      ) : (
        <>
          <NameWarning customer={data} />
          <div className={classes.columns}>
            <div className="stack">
              <Counters customer={data} />
              <Traits customer={data} />
            </div>
            <section className="card">
              <Tabs
                value={tab}
                onChange={value => void navigate({search: before => ({...before, tab: value === 'timeline' ? undefined : (value as Tab)}), replace: true, resetScroll: false})}
                keepMounted={false}
              >
                <Tabs.List className={classes.tabs}>
                  <Tabs.Tab value="timeline">{t('timeline.title')}</Tabs.Tab>
                  <Tabs.Tab value="identities">
                    {t('identities.title')} <span className={classes.number}>{data.identities.length}</span>
                  </Tabs.Tab>
                  <Tabs.Tab value="consents">{t('consents.title')}</Tabs.Tab>
                  {places.map(place => (
                    <Tabs.Tab key={place} value={place}>
                      {t(`places.${place}.tab`)}
                    </Tabs.Tab>
                  ))}
                  {may('listUses') && <Tabs.Tab value="uses">{t('uses.title')}</Tabs.Tab>}
                </Tabs.List>
                <Tabs.Panel value="timeline">
                  <Timeline id={id} purpose={purpose} customer={data} />
                </Tabs.Panel>
                <Tabs.Panel value="identities">
                  <Identities customer={data} purpose={purpose} />
                </Tabs.Panel>
                <Tabs.Panel value="consents">
                  <Consents customer={data} purpose={purpose} />
                </Tabs.Panel>
                {places.map(place => (
                  <Tabs.Panel key={place} value={place}>
                    <Place customer={data} place={place} onNote={() => setNoting(true)} />
                  </Tabs.Panel>
                ))}
                {may('listUses') && (
                  <Tabs.Panel value="uses">
                    <Uses id={id} purpose={purpose} />
                  </Tabs.Panel>
                )}
              </Tabs>
            </section>
          </div>
        </>
      )}
    </Page>
  );
}

function Lead({customer, named}: {customer: Customer; named: boolean}) {
  const {t} = useTranslation();
  const format = useFormats();
  const countries = [...new Set(customer.identities.map(identity => identity.country).filter(code => code !== null))];
  return (
    <span className="row-wide small">
      {named && <span className="figures">{customer.id}</span>}
      {countries.map(code => (
        <span key={code}>{format.country(code)}</span>
      ))}
      {customer.counters.last_seen && (
        <span>
          {t('customer.lastSeen')} <When at={customer.counters.last_seen} />
        </span>
      )}
      {customer.mode === 'test' && <Chip tone="warn">{t('common.test')}</Chip>}
    </span>
  );
}

function Counters({customer}: {customer: Customer}) {
  const {t} = useTranslation();
  const format = useFormats();
  const {counters} = customer;
  const most = Math.max(1, ...counters.touchpoints.map(entry => entry.events));
  return (
    <Section title={t('customer.together')}>
      <dl className={classes.counters}>
        <div>
          <dt>{t('customer.orders')}</dt>
          <dd>{format.number(counters.orders)}</dd>
        </div>
        {counters.revenue.map(money => (
          <div key={money.currency ?? ''}>
            <dt>{t('customer.ordered')}</dt>
            <dd>{format.money(money.ordered, money.currency)}</dd>
          </div>
        ))}
        {counters.refunds > 0 && (
          <div>
            <dt>{t('customer.refunds')}</dt>
            <dd>
              {format.number(counters.refunds)}
              <span className={classes.of}>
                {counters.revenue.filter(money => Number(money.refunded) > 0).map(money => format.money(money.refunded, money.currency)).join(', ')}
              </span>
            </dd>
          </div>
        )}
        {counters.cancellations > 0 && (
          <div>
            <dt>{t('customer.cancellations')}</dt>
            <dd>{format.number(counters.cancellations)}</dd>
          </div>
        )}
        <div>
          <dt>{t('customer.events')}</dt>
          <dd>{format.number(counters.events)}</dd>
        </div>
      </dl>
      <h3 className={classes.where}>{t('customer.where')}</h3>
      <ul className={classes.touchpoints}>
        {[...counters.touchpoints]
          .sort((a, b) => b.events - a.events)
          .map(entry => (
            <li key={entry.touchpoint}>
              <Link to="/customers/$id" params={{id: customer.id}} search={before => ({...before, touchpoint: entry.touchpoint, tab: undefined})} replace resetScroll={false}>
                {touchpointName(t, entry.touchpoint)}
              </Link>
              <span className={classes.bar} aria-hidden>
                <span style={{width: `${(100 * entry.events) / most}%`}} />
              </span>
              <span className="figures">{format.number(entry.events)}</span>
            </li>
          ))}
      </ul>
    </Section>
  );
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  return typeof value === 'object' ? Object.values(value).filter(Boolean).map(asText).join(', ') : String(value);
}

function Traits({customer}: {customer: Customer}) {
  const {t} = useTranslation();
  // Equal values of several sources are one line.
  const lines = new Map<string, {name: string; value: string; sources: string[]}>();
  for (const trait of customer.traits) {
    const value = asText(trait.value);
    const key = `${trait.name}\n${value}`;
    const line = lines.get(key) ?? {name: trait.name, value, sources: []};
    if (!line.sources.includes(trait.source)) line.sources.push(trait.source);
    lines.set(key, line);
  }
  return (
    <Section title={t('customer.traits')}>
      {lines.size === 0 ? (
        <p className="soft small">{t('customer.noTraits')}</p>
      ) : (
        <dl className={classes.traits}>
          {[...lines.values()].map(line => (
            <div key={`${line.name} ${line.value}`}>
              <dt>{t(`traits.${line.name}` as 'traits.email', {defaultValue: line.name})}</dt>
              <dd>
                {line.value}
                <span className={classes.from}>{line.sources.map(source => sourceName(customer, source)).join(', ')}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Section>
  );
}
