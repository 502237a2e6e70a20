import {Button, Select, TextInput} from '@mantine/core';
import {IconPhonePlus, IconSearch} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, type ReactNode, useEffect, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {usePurposes} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Page} from '../../parts/page';
import {asProblem} from '../../parts/problem';
import {Empty, Failed, Loading} from '../../parts/states';
import {useMay} from '../../session/session';
import {becauseText} from './because';
import {CallNote} from './call-note';
import classes from './customers-page.module.css';
import {KindIcon, kindName} from './kinds';
import {attempts, type Kind, kinds, type Lookup, recognise, setLookup, useLookup} from './lookup';
import {inherited, type Occasion, rememberOrder} from './occasion';
import {keptPurpose, PurposeMenu, PurposeQuestion} from './purpose';

type Person = Schemas['CustomerList']['items'][number];

export function CustomersPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/customers'});
  const navigate = useNavigate({from: '/customers'});
  const lookup = useLookup();
  const {purposes} = usePurposes();
  // What somebody chose for this very look-up, whatever its occasion.
  const [chosen, setChosen] = useState<{lookup: Lookup | null; purpose: string} | null>(null);
  const usual = search.purpose ?? keptPurpose();
  const own = chosen && chosen.lookup === lookup ? chosen.purpose : undefined;
  const purposeFor = (occasion?: Occasion) => own ?? inherited(occasion, purposes) ?? usual;
  const occasion: Occasion | undefined = lookup?.calls ? 'call' : lookup?.kind === 'order' ? 'order' : undefined;
  const purpose = purposeFor(occasion);
  const because = !own && occasion && purpose === inherited(occasion, purposes) ? occasion : undefined;
  function choose(wanted: string) {
    setChosen({lookup, purpose: wanted});
    if (!occasion) void navigate({search: before => ({...before, purpose: wanted}), replace: true});
  }

  // A telephone system opens /customers?phone=...; the number leaves the address at once.
  useEffect(() => {
    if (!search.phone) return;
    setLookup({kind: 'phone', value: search.phone.trim(), calls: true});
    void navigate({search: before => ({...before, phone: undefined}), replace: true});
  }, [search.phone, navigate]);

  return (
    <Page
      title={t('pages.customers')}
      lead={t('customers.lead')}
      actions={purpose && <PurposeMenu purpose={purpose} because={because && becauseText(t, because, lookup?.value)} onChoose={choose} />}
    >
      <Finder asked={purpose ? undefined : <PurposeQuestion onChoose={choose} />} purposeFor={purposeFor} mode={search.mode} />
    </Page>
  );
}

interface FinderProps {
  asked?: ReactNode; // the question for the purpose, where nothing says it
  purposeFor: (occasion?: Occasion) => string | undefined;
  mode?: 'test';
}

function Finder({asked, purposeFor, mode}: FinderProps) {
  const {t} = useTranslation();
  const format = useFormats();
  const lookup = useLookup();
  const [value, setValue] = useState(lookup?.value ?? '');
  const [chosen, setChosen] = useState<Kind | null>(lookup && lookup.kind !== recognise(lookup.value) ? lookup.kind : null);
  const field = useRef<HTMLInputElement>(null);
  const kind = chosen ?? recognise(value);

  useEffect(() => {
    if (!lookup) field.current?.focus();
  }, [lookup]);
  useEffect(() => {
    if (!lookup) return;
    setValue(lookup.value);
    setChosen(lookup.kind === recognise(lookup.value) ? null : lookup.kind);
  }, [lookup]);

  function submit(event: FormEvent) {
    event.preventDefault();
    const wanted = value.trim();
    setLookup(wanted === '' ? null : {kind, value: wanted, guessed: chosen === null});
  }
  function byName() {
    setLookup(null);
    setValue('');
    setChosen('name');
    field.current?.focus();
  }

  return (
    <>
      <form className={classes.form} onSubmit={submit} role="search">
        <TextInput
          ref={field}
          className={classes.field}
          type="search"
          size="md"
          label={t('customers.find')}
          description={value.trim() === '' ? t('customers.findHint') : t('customers.recognised', {kind: format.list(attempts({kind, value, guessed: chosen === null}).map(name => kindName(t, name)), 'or')})}
          leftSection={<IconSearch size={18} aria-hidden />}
          value={value}
          onChange={event => setValue(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
        <Select
          className={classes.kind}
          size="md"
          label={t('customers.kind')}
          allowDeselect={false}
          value={chosen ?? 'auto'}
          onChange={picked => setChosen(picked === 'auto' ? null : (picked as Kind))}
          data={[{value: 'auto', label: t('customers.auto')}, ...kinds.map(name => ({value: name, label: kindName(t, name)}))]}
        />
        <Button type="submit" size="md" disabled={value.trim() === ''}>
          {t('customers.submit')}
        </Button>
      </form>
      {lookup ? (
        <Found lookup={lookup} asked={asked} purposeFor={purposeFor} mode={mode} onByName={byName} />
      ) : (
        (asked ?? <Empty title={t('customers.start')}>{t('customers.startHint')}</Empty>)
      )}
    </>
  );
}

// One kind of key that is tried, and for what.
interface Attempt {
  kind: Kind;
  occasion?: Occasion;
  purpose?: string;
}

function attemptsFor(lookup: Lookup, purposeFor: FinderProps['purposeFor']): Attempt[] {
  return attempts(lookup).map(kind => {
    const occasion: Occasion | undefined = lookup.calls ? 'call' : kind === 'order' ? 'order' : undefined;
    return {kind, occasion, purpose: purposeFor(occasion)};
  });
}

interface Answer {
  people: Person[];
  purpose: string;
  occasion?: Occasion;
}

// Tries until somebody is found. Nothing: there is a kind for which the purpose is not known yet.
async function find(lookup: Lookup, tries: Attempt[], mode?: 'test'): Promise<Answer | null> {
  let answer: Answer | null = null;
  for (const {kind, purpose, occasion} of tries) {
    if (!purpose) continue;
    const {value} = lookup;
    const body = kind === 'name' ? {name: value} : kind === 'order' ? {order: value} : {key: `${kind}:${value}`};
    const {items} = await take(api.POST('/api/v1/customers/search', {params: {query: {purpose, mode}}, body}));
    answer = {people: items, purpose, occasion};
    if (items.length > 0) return answer;
  }
  return tries.every(one => one.purpose) ? answer : null;
}

interface FoundProps extends FinderProps {
  lookup: Lookup;
  onByName: () => void;
}

function Found({lookup, asked, purposeFor, mode, onByName}: FoundProps) {
  const {t} = useTranslation();
  const navigate = useNavigate({from: '/customers'});
  const {isPending: asksPurposes} = usePurposes();
  const tries = attemptsFor(lookup, purposeFor);
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['customers', 'search', lookup, tries, mode],
    enabled: !asksPurposes,
    queryFn: () => find(lookup, tries, mode),
    staleTime: 60_000,
  });
  const only = lookup.calls && data?.people.length === 1 && data.people[0]!.match !== 'claimed' ? data.people[0]! : null;
  // Who calls from a number that is one person's alone is opened at once.
  useEffect(() => {
    if (!only || !data) return;
    setLookup(null);
    void navigate({to: '/customers/$id', params: {id: only.id}, search: {purpose: data.purpose, because: data.occasion}, replace: true});
  }, [only, data, navigate]);
  if (isPending || only) return <Loading lines={4} height={56} />;
  const code = asProblem(error).code;
  if (lookup.calls && code === 'key_malformed') return <UnknownCaller hint={t('customers.withheldHint')} onByName={onByName} />;
  if (lookup.calls && code === 'phone_short') return <UnknownCaller hint={t('customers.shortHint')} onByName={onByName} />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  if (data === null) {
    return (
      <div className="stack">
        <p role="alert" className={classes.first}>
          {t('purpose.first')}
        </p>
        {asked}
      </div>
    );
  }
  const {people, purpose, occasion} = data;
  const because = occasion && purpose === purposeFor(occasion) ? occasion : undefined;
  return (
    <section aria-label={t('customers.results')}>
      <p role="status" className={`soft small ${classes.count}`}>
        {lookup.calls && people.length > 1 ? t('customers.callers', {count: people.length}) : t('customers.found', {count: people.length})}
      </p>
      {people.length === 0 ? (
        lookup.calls ? (
          <UnknownCaller hint={t('customers.nobodyCallsHint')} phone={lookup.value} onByName={onByName} />
        ) : (
          <Empty title={t('customers.nobody')}>{t(lookup.kind === 'name' && lookup.value.length < 3 ? 'customers.short' : 'customers.nobodyHint')}</Empty>
        )
      ) : (
        <ul className={classes.results}>
          {people.map(person => (
            <Result key={person.id} person={person} purpose={purpose} because={because} order={occasion === 'order' ? lookup.value : undefined} />
          ))}
        </ul>
      )}
    </section>
  );
}

// Nobody is known by the number, or it is nobody's: what can be done all the same.
function UnknownCaller({phone, hint, onByName}: {phone?: string; hint: string; onByName: () => void}) {
  const {t} = useTranslation();
  const may = useMay();
  const [noting, setNoting] = useState(false);
  return (
    <>
      <Empty
        title={t('customers.nobodyCalls')}
        action={
          <div className={classes.ways}>
            <Button variant="default" leftSection={<IconSearch size={16} aria-hidden />} onClick={onByName}>
              {t('customers.byName')}
            </Button>
            {phone !== undefined && may('noteCall') && (
              <Button leftSection={<IconPhonePlus size={16} aria-hidden />} onClick={() => setNoting(true)}>
                {t('calls.note')}
              </Button>
            )}
          </div>
        }
      >
        {hint}
      </Empty>
      {phone !== undefined && <CallNote opened={noting} onClose={() => setNoting(false)} about={{phone}} />}
    </>
  );
}

function Result({person, purpose, because, order}: {person: Person; purpose: string; because?: Occasion; order?: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const counted = new Map<string, number>();
  for (const kind of person.identities) counted.set(kind, (counted.get(kind) ?? 0) + 1);
  return (
    <li>
      <Link to="/customers/$id" params={{id: person.id}} search={{purpose, because}} className={classes.result} onClick={() => order && rememberOrder(person.id, order)}>
        <span className={classes.who}>
          <span className={classes.name}>{person.name ?? t('customer.untitled', {id: person.id})}</span>
          {person.name && <span className={classes.handle}>{person.id}</span>}
        </span>
        <span className={classes.known}>
          {[...counted].map(([kind, count]) => (
            <span key={kind} className={classes.kindOf}>
              <KindIcon kind={kind} size={16} />
              {kindName(t, kind)}
              {count > 1 && <span className="soft">× {count}</span>}
            </span>
          ))}
        </span>
        <span className={classes.more}>
          {person.country && <span>{format.country(person.country)}</span>}
          <span className="soft">{t('customers.since', {date: format.date(person.first_seen)})}</span>
          <Chip tone={person.match === 'claimed' ? 'warn' : 'good'}>{t(`standing.${person.match}`)}</Chip>
          {person.mode === 'test' && <Chip tone="warn">{t('common.test')}</Chip>}
        </span>
      </Link>
    </li>
  );
}
