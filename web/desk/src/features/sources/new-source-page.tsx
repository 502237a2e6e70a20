import {Alert, Button, Checkbox, Radio, TextInput} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Link, useNavigate, useSearch} from '@tanstack/react-router';
import {type FormEvent, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {CountrySelect} from '../../parts/country-select';
import {Page, Section} from '../../parts/page';
import {asProblem, explain, fieldError} from '../../parts/problem';
import {Secret} from '../../parts/secret';
import {UnitField} from '../../parts/unit';
import {PurposePicker} from './purpose-picker';
import {Snippets} from './snippets';
import classes from './sources.module.css';

// "Möwe & Moos: Shop" -> "moewe-moos-shop"
function slugOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
  return plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 64);
}

export function NewSourcePage() {
  const {t} = useTranslation();
  const [issued, setIssued] = useState<Schemas['IssuedWriteKey'] | null>(null);
  return issued ? <Issued issued={issued} /> : <Form onDone={setIssued} title={t('sources.add')} />;
}

function Form({title, onDone}: {title: string; onDone: (issued: Schemas['IssuedWriteKey']) => void}) {
  const {t} = useTranslation();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const key = useRef(idempotencyKey());
  // What notes of calls need of a source; all of it can be changed.
  const calls = useSearch({from: '/sources/new'}).for === 'calls';
  const [name, setName] = useState(calls ? t('calls.sourceName') : '');
  const [id, setId] = useState<string | null>(null);
  const [touchpoint, setTouchpoint] = useState(calls ? 'phone' : '');
  const [trust, setTrust] = useState<'server' | 'public'>(calls ? 'server' : 'public');
  const [mode, setMode] = useState<'live' | 'test'>('live');
  const [country, setCountry] = useState('');
  const [unit, setUnit] = useState('');
  const [forChildren, setForChildren] = useState(false);
  const [dataCategories, setDataCategories] = useState<string[]>([]);
  const [purposes, setPurposes] = useState<Record<string, string>>(calls ? {CustomerCare: 'A6-1-b'} : {});
  const add = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/sources', {
          params: {header: {'Idempotency-Key': key.current}},
          body: {
            id: id ?? slugOf(name),
            name,
            touchpoint: touchpoint.trim(),
            trust,
            mode,
            enabled: true,
            unit,
            for_children: forChildren,
            data_categories: dataCategories as Schemas['Source']['data_categories'],
            country: country === '' ? null : country,
            purposes: Object.entries(purposes).map(([purpose, basis]) => `${purpose}:${basis}`),
          },
        }),
      ),
    onSuccess: issued => {
      void queries.invalidateQueries({queryKey: ['sources']});
      onDone(issued);
    },
    onError: () => {
      key.current = idempotencyKey(); // what is sent next is another wish
    },
  });
  const problem = add.error ? asProblem(add.error) : null;
  function submit(event: FormEvent) {
    event.preventDefault();
    add.mutate();
  }
  return (
    <Page title={title} lead={t('sources.addLead')}>
      <form className="stack" onSubmit={submit}>
        <Section title={t('sources.what')}>
          <div className={classes.fields}>
            <TextInput label={t('sources.name')} description={t('sources.nameHint')} required withAsterisk={false} maxLength={200} value={name} onChange={event => setName(event.currentTarget.value)} error={fieldError(add.error, 'name')} />
            <TextInput
              label={t('sources.id')}
              description={t('sources.idHint')}
              required
              withAsterisk={false}
              maxLength={64}
              pattern="[a-z0-9][a-z0-9_\-]*"
              value={id ?? slugOf(name)}
              onChange={event => setId(event.currentTarget.value)}
              error={fieldError(add.error, 'id')}
            />
            <TextInput
              label={t('sources.touchpoint')}
              description={t('sources.touchpointHint')}
              required
              withAsterisk={false}
              maxLength={64}
              pattern="[a-z0-9][a-z0-9_\-]*"
              value={touchpoint}
              onChange={event => setTouchpoint(event.currentTarget.value)}
              error={fieldError(add.error, 'touchpoint')}
            />
            <CountrySelect label={t('sources.country')} description={t('sources.countryHint')} value={country} onChange={setCountry} error={fieldError(add.error, 'country')} />
            <UnitField value={unit} onChange={setUnit} hint={t('units.sourceHint')} error={fieldError(add.error, 'unit')} />
          </div>
        </Section>
        <Section title={t('sources.trustTitle')}>
          <div className="stack">
            <Radio.Group label={t('sources.trustQuestion')} value={trust} onChange={value => setTrust(value as 'server' | 'public')}>
              <div className={classes.radios}>
                <Radio value="public" label={t('trust.public')} description={t('sources.publicHint')} />
                <Radio value="server" label={t('trust.server')} description={t('sources.serverHint')} />
              </div>
            </Radio.Group>
            <Radio.Group label={t('sources.modeQuestion')} value={mode} onChange={value => setMode(value as 'live' | 'test')}>
              <div className={classes.radios}>
                <Radio value="live" label={t('sources.live')} description={t('sources.liveHint')} />
                <Radio value="test" label={t('common.test')} description={t('sources.testHint')} />
              </div>
            </Radio.Group>
          </div>
        </Section>
        <Section title={t('sources.purposes')}>
          <PurposePicker value={purposes} onChange={setPurposes} error={fieldError(add.error, 'purposes')} />
        </Section>
        <Section title={t('sources.specialTitle')}>
          <div className="stack">
            <Checkbox label={t('sources.forChildren')} description={t('sources.forChildrenHint')} checked={forChildren} onChange={event => setForChildren(event.currentTarget.checked)} />
            <Checkbox.Group label={t('sources.dataCategories')} description={t('sources.dataCategoriesHint')} value={dataCategories} onChange={setDataCategories}>
              {(['special', 'location', 'recording'] as const).map(each => (
                <Checkbox key={each} mt="xs" value={each} label={t(`sources.dataCategory.${each}`)} />
              ))}
            </Checkbox.Group>
          </div>
        </Section>
        {problem && (
          <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
            {explain(t, problem)}
          </Alert>
        )}
        <div className="row">
          <Button type="submit" loading={add.isPending} disabled={Object.keys(purposes).length === 0}>
            {t('sources.add')}
          </Button>
          <Button variant="subtle" color="gray" onClick={() => void navigate({to: '/sources'})}>
            {t('common.cancel')}
          </Button>
          {Object.keys(purposes).length === 0 && <span className="soft small">{t('sources.purposeNeeded')}</span>}
        </div>
      </form>
    </Page>
  );
}

function Issued({issued}: {issued: Schemas['IssuedWriteKey']}) {
  const {t} = useTranslation();
  return (
    <Page title={t('sources.addedTitle', {name: issued.source.name})} lead={t('sources.addedLead')}>
      <Section title={t('sources.key')}>
        <Secret text={issued.write_key} label={t('sources.key')} />
      </Section>
      <Section title={t('sources.snippets')} hint={t('sources.snippetsHint')}>
        <Snippets source={issued.source} writeKey={issued.write_key} />
      </Section>
      <div className="row">
        <Link to="/sources/$id" params={{id: issued.source.id}}>
          {t('sources.open', {name: issued.source.name})}
        </Link>
      </div>
    </Page>
  );
}
