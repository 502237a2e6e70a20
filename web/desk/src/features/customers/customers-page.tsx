import {Button, Select, TextInput} from '@mantine/core';
import {IconSearch} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useEffect, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Page} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import classes from './customers-page.module.css';
import {KindIcon, kindName} from './kinds';
import {attempts, type Kind, kinds, type Lookup, recognise, setLookup, useLookup} from './lookup';
import {keptPurpose, PurposeMenu, PurposeQuestion} from './purpose';

export function CustomersPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/customers'});
  const navigate = useNavigate({from: '/customers'});
  const purpose = search.purpose ?? keptPurpose();
  const choose = (chosen: string) => void navigate({search: before => ({...before, purpose: chosen}), replace: true});

  // A telephone system opens /customers?phone=...; the number leaves the address at once.
  useEffect(() => {
    if (!search.phone) return;
    setLookup({kind: 'phone', value: search.phone.trim()});
    void navigate({search: before => ({...before, phone: undefined}), replace: true});
  }, [search.phone, navigate]);

  return (
    <Page
      title={t('pages.customers')}
      lead={t('customers.lead')}
      actions={purpose && <PurposeMenu purpose={purpose} onChoose={choose} />}
    >
      {purpose ? <Finder purpose={purpose} mode={search.mode} /> : <PurposeQuestion onChoose={choose} />}
    </Page>
  );
}

function Finder({purpose, mode}: {purpose: string; mode?: 'test'}) {
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
          description={'\u00a0'}
          allowDeselect={false}
          value={chosen ?? 'auto'}
          onChange={picked => setChosen(picked === 'auto' ? null : (picked as Kind))}
          data={[{value: 'auto', label: t('customers.auto')}, ...kinds.map(name => ({value: name, label: kindName(t, name)}))]}
        />
        <Button type="submit" size="md" disabled={value.trim() === ''}>
          {t('customers.submit')}
        </Button>
      </form>
      {lookup ? <Found lookup={lookup} purpose={purpose} mode={mode} /> : <Empty title={t('customers.start')}>{t('customers.startHint')}</Empty>}
    </>
  );
}

async function search(lookup: Lookup, purpose: string, mode?: 'test') {
  let answer: Schemas['CustomerList'] = {items: [], next: null};
  for (const kind of attempts(lookup)) {
    const {value} = lookup;
    const body = kind === 'name' ? {name: value} : kind === 'order' ? {order: value} : {key: `${kind}:${value}`};
    answer = await take(api.POST('/api/v1/customers/search', {params: {query: {purpose, mode}}, body}));
    if (answer.items.length > 0) break;
  }
  return answer;
}

function Found({lookup, purpose, mode}: {lookup: Lookup; purpose: string; mode?: 'test'}) {
  const {t} = useTranslation();
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['customers', 'search', lookup, purpose, mode],
    queryFn: () => search(lookup, purpose, mode),
    staleTime: 60_000,
  });
  if (isPending) return <Loading lines={4} height={56} />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  const people = data.items;
  return (
    <section aria-label={t('customers.results')}>
      <p role="status" className={`soft small ${classes.count}`}>
        {t('customers.found', {count: people.length})}
      </p>
      {people.length === 0 ? (
        <Empty title={t('customers.nobody')}>{t('customers.nobodyHint')}</Empty>
      ) : (
        <ul className={classes.results}>
          {people.map(person => (
            <Result key={person.id} person={person} purpose={purpose} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Result({person, purpose}: {person: Schemas['CustomerList']['items'][number]; purpose: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const counted = new Map<string, number>();
  for (const kind of person.identities) counted.set(kind, (counted.get(kind) ?? 0) + 1);
  return (
    <li>
      <Link to="/customers/$id" params={{id: person.id}} search={{purpose}} className={classes.result}>
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
