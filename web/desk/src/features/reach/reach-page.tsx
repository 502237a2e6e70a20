// How many people may be contacted, and what keeps the others: sums, as old as they say.
import {Button, Select} from '@mantine/core';
import {IconRefresh} from '@tabler/icons-react';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {notify} from '../../parts/notify';
import {Page, Section} from '../../parts/page';
import {asProblem, explain} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import {useMay} from '../../session/session';
import {LawTabs} from '../law/law-tabs';
import {usePlaceName} from '../law/queries';
import classes from './reach.module.css';
import {type ReachPurpose, reachPurposes} from './search';

type Group = Schemas['ReachGroup'];
type Channel = Schemas['Reach']['channels'][number];
type Reason = Group['reasons'][number];

const whileCounting = 3_000; // milliseconds
const ownReasons = ['no_address', 'unreachable', 'too_often', 'no_way_to_unsubscribe', 'other'] as const;

export function ReachPage() {
  const {t} = useTranslation();
  const meaning = usePurposeText();
  const navigate = useNavigate({from: '/law/reach'});
  const purpose = useSearch({from: '/law/reach'}).purpose ?? reachPurposes[0];
  const reach = useQuery({
    queryKey: ['reach', purpose],
    queryFn: () => take(api.GET('/api/v1/reach', {params: {query: {purpose}}})),
    refetchInterval: query => (query.state.data?.counting ? whileCounting : false),
  });
  const people = reach.data?.channels.some(channel => channel.groups.length > 0);
  return (
    <Page title={t('reach.title')} lead={t('reach.lead', {count: reach.data?.smallest ?? 10})} actions={<CountAnew counting={reach.data?.counting ?? false} />}>
      <LawTabs />
      <section className="card stack">
        <Select
          label={t('reach.purpose')}
          allowDeselect={false}
          value={purpose}
          onChange={value => void navigate({search: {purpose: reachPurposes.find(each => each === value)}, replace: true, resetScroll: false})}
          data={reachPurposes.map(value => ({value, label: meaning(value)}))}
        />
        <p role="status" className="soft">
          {reach.data?.counting && <>{t('reach.counting')} </>}
          {reach.data?.counted_at && (
            <>
              {t('reach.countedAt')} <When at={reach.data.counted_at} />
            </>
          )}
        </p>
      </section>
      {reach.isPending ? (
        <Loading lines={6} height={40} />
      ) : reach.error ? (
        <Failed error={reach.error} retry={() => void reach.refetch()} />
      ) : !reach.data.counted_at ? (
        <Empty title={t('reach.notCounted')}>{t('reach.notCountedHint')}</Empty>
      ) : !people ? (
        <Empty title={t('reach.nobody')}>{t('reach.nobodyHint', {count: reach.data.smallest})}</Empty>
      ) : (
        reach.data.channels.map(channel => <OneChannel key={channel.channel} purpose={purpose} channel={channel} />)
      )}
    </Page>
  );
}

function CountAnew({counting}: {counting: boolean}) {
  const {t} = useTranslation();
  const may = useMay();
  const queries = useQueryClient();
  const count = useMutation({
    mutationFn: () => take(api.POST('/api/v1/reach/count', {params: {header: {'Idempotency-Key': idempotencyKey()}}})),
    onSuccess: () => void queries.invalidateQueries({queryKey: ['reach']}),
    onError: error => notify({kind: 'bad', text: explain(t, asProblem(error))}),
  });
  if (!may('countReach')) return null;
  return (
    <Button variant="default" loading={count.isPending} disabled={counting} leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => count.mutate()}>
      {t('reach.countAnew')}
    </Button>
  );
}

function OneChannel({purpose, channel}: {purpose: ReachPurpose; channel: Channel}) {
  const {t} = useTranslation();
  if (channel.groups.length === 0) return null;
  return (
    <Section title={t(`law.channels.${channel.channel}`)}>
      <ul className={classes.groups} aria-label={t(`law.channels.${channel.channel}`)}>
        {channel.groups.map(group => (
          <OneGroup key={group.several ? '*' : (group.country ?? '')} purpose={purpose} channel={channel.channel} group={group} />
        ))}
      </ul>
    </Section>
  );
}

function OneGroup({purpose, channel, group}: {purpose: ReachPurpose; channel: Channel['channel']; group: Group}) {
  const {t, i18n} = useTranslation();
  const format = useFormats();
  const placeName = usePlaceName();
  const name = group.several ? t('reach.several') : group.country ? placeName(group.country) : t('reach.unknownCountry');
  const numbers = {people: format.number(group.people), reachable: format.number(group.reachable ?? 0)};
  const sum = group.reachable === null ? t('reach.fewReachable', numbers) : t('reach.reachable', numbers);
  const words = (reason: Reason) => {
    const own = ownReasons.find(each => each === reason.reason);
    if (own) return t(`reach.reasons.${own}`);
    return (i18n.language === 'de' ? reason.text?.de : reason.text?.en) ?? reason.reason;
  };
  return (
    <li>
      <div className={classes.head}>
        <strong>{name}</strong>
        <span>{sum}</span>
      </div>
      <div className={classes.bar} role="img" aria-label={`${name}: ${sum}`}>
        <span className={classes.reachable} style={{width: `${(100 * (group.reachable ?? 0)) / group.people}%`}} />
      </div>
      {group.reasons.length > 0 && (
        <details>
          <summary>{t('reach.why')}</summary>
          <ul className={classes.reasons}>
            {group.reasons.map(reason => (
              <li key={reason.reason}>
                <span className={classes.count}>{format.number(reason.people)}</span> {words(reason)}
              </li>
            ))}
          </ul>
          {group.country && (
            <Link to="/law/try" search={{purpose, channel, country: group.country, flags: 'tells_objection'}}>
              {t('reach.try')}
            </Link>
          )}
        </details>
      )}
    </li>
  );
}
