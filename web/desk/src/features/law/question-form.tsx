// A question to the gate: four fields for the simple case, the rest behind a fold.
import {Checkbox, NumberInput, Select, TextInput} from '@mantine/core';
import {type ReactNode, useMemo, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {usePurposes} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {type Asked, type Flag, flags, flagsOf, givenAt, registers, states, strengths, useOf, uses} from './asked';
import classes from './law.module.css';
import {useLaw, useTextOf} from './queries';
import {channels} from './words';

interface FormProps {
  asked: Asked;
  onChange: (asked: Asked) => void;
}

const more = ['strength', 'given', 'at', 'zone', 'sold', 'age', 'register', 'basis', 'flags'] as const;
const bases = ['A6-1-a', 'A6-1-b', 'A6-1-c', 'A6-1-d', 'A6-1-e', 'A6-1-f'] as const;
const roles = ['admin', 'agent', 'supervisor', 'experience_manager', 'marketer', 'sales', 'broker', 'data_protection_officer'] as const;

export function QuestionForm({asked, onChange}: FormProps) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  const {purposes} = usePurposes();
  const use = useOf(asked);
  const set = (part: Asked) => onChange({...asked, ...part});
  const [unfolded] = useState(() => more.some(field => asked[field])); // at first; then it is the reader's
  return (
    <div className="stack">
      <div className={classes.fields}>
        <Select
          label={t('law.purpose')}
          searchable
          allowDeselect={false}
          value={asked.purpose ?? null}
          onChange={purpose => set({purpose: purpose ?? undefined})}
          data={purposes.map(purpose => ({value: purpose.name, label: textOf(purpose.meaning)}))}
        />
        <Select label={t('law.use')} allowDeselect={false} value={use} onChange={chosen => set({use: chosen && chosen !== 'contact' ? chosen : undefined})} data={uses.map(each => ({value: each, label: t(`law.useNames.${each}`)}))} />
        {use === 'contact' && (
          <Select label={t('law.channel')} value={asked.channel ?? null} onChange={channel => set({channel: channel ?? undefined})} data={channels.map(channel => ({value: channel, label: t(`law.channels.${channel}`)}))} />
        )}
        <PlaceSelect label={t('law.personCountry')} value={asked.country} onChange={country => set({country})} />
        <Select
          label={t('law.said')}
          allowDeselect={false}
          value={states.find(state => state === asked.state) ?? 'unknown'}
          onChange={state => set({state: state && state !== 'unknown' ? state : undefined})}
          data={states.map(state => ({value: state, label: t(`law.states.${state}`)}))}
        />
        {use === 'view' && <Select label={t('law.role')} allowDeselect={false} value={asked.role ?? 'agent'} onChange={role => set({role: role ?? undefined})} data={roles.map(role => ({value: role, label: t(`roles.${role}`)}))} />}
        {use === 'export' && <PlaceSelect label={t('law.toCountry')} value={asked.to} onChange={to => set({to})} />}
      </div>
      <details className={classes.more} open={unfolded}>
        <summary>{t('law.more')}</summary>
        <More asked={asked} onChange={onChange} />
      </details>
    </div>
  );
}

// Those that the law names; any other country is as one that is not known.
function PlaceSelect({label, value, onChange}: {label: string; value: string | undefined; onChange: (code: string | undefined) => void}) {
  const {t} = useTranslation();
  const format = useFormats();
  const textOf = useTextOf();
  const {data} = useLaw();
  const places = useMemo(
    () =>
      (data?.jurisdictions ?? [])
        .filter(place => !place.group && place.code !== '*')
        .map(place => ({value: place.code, label: `${textOf(place.name)} (${place.code})`}))
        .sort((a, b) => format.compare(a.label, b.label)),
    [data, textOf, format],
  );
  return <Select label={label} searchable clearable placeholder={t('law.unknownCountry')} value={value ?? null} onChange={code => onChange(code ?? undefined)} data={places} />;
}

function Group({title, children}: {title: string; children: ReactNode}) {
  return (
    <fieldset className={classes.group}>
      <legend>{title}</legend>
      <div className={classes.fields}>{children}</div>
    </fieldset>
  );
}

function More({asked, onChange}: FormProps) {
  const {t} = useTranslation();
  const on = flagsOf(asked);
  const use = useOf(asked);
  const set = (part: Asked) => onChange({...asked, ...part});
  const box = (flag: Flag, label: string) => (
    <Checkbox
      key={flag}
      label={label}
      checked={on.has(flag)}
      onChange={event => {
        const checked = event.currentTarget.checked;
        set({flags: flags.filter(each => (each === flag ? checked : on.has(each))).join(',') || undefined});
      }}
    />
  );
  return (
    <>
      <Group title={t('law.moreConsent')}>
        <Select label={t('law.strength')} allowDeselect={false} value={strengths.find(each => each === asked.strength) ?? 'stated'} onChange={strength => set({strength: strength && strength !== 'stated' ? strength : undefined})} data={strengths.map(each => ({value: each, label: t(`law.strengths.${each}`)}))} />
        <DayField label={t('law.givenAt')} value={asked.state === 'given' ? givenAt(asked) : asked.given} onChange={given => set({given})} />
        {box('explicit', t('law.explicitConsent'))}
        {box('quiet_hours', t('law.quietConsent'))}
        {box('recipient_named', t('law.recipientNamed'))}
      </Group>
      <Group title={t('law.moreTime')}>
        <MomentField value={asked.at} onChange={at => set({at})} />
        <ZoneSelect value={asked.zone} onChange={zone => set({zone})} />
      </Group>
      <Group title={t('law.moreSale')}>
        <DayField label={t('law.saleAt')} value={asked.sold} onChange={sold => set({sold})} />
        {box('address_from_sale', t('law.saleAddress'))}
        {box('own_similar_goods', t('law.saleSimilar'))}
        {box('told_when_collected', t('law.saleTold'))}
        {box('business_relationship', t('law.saleCustomer'))}
      </Group>
      <Group title={t('law.morePerson')}>
        <NumberInput label={t('law.age')} placeholder={t('law.ageHint')} min={0} max={150} allowDecimal={false} value={asked.age ?? ''} onChange={age => set({age: age === '' ? undefined : String(age)})} />
        <Select label={t('law.register')} allowDeselect={false} value={registers.find(each => each === asked.register) ?? 'not_asked'} onChange={register => set({register: register && register !== 'not_asked' ? register : undefined})} data={registers.map(each => ({value: each, label: t(`law.registers.${each}`)}))} />
        {box('for_children', t('law.forChildren'))}
        {box('guardian', t('law.guardian'))}
        {box('restricted', t('law.restricted'))}
        {box('from_device', t('law.fromDevice'))}
        {box('global_privacy_control', t('law.signalSent'))}
      </Group>
      <Group title={t('law.moreOther')}>
        <Select label={t('law.basis')} clearable placeholder={t('law.basisOwn')} value={asked.basis ?? null} onChange={basis => set({basis: basis ?? undefined})} data={bases.map(basis => ({value: basis, label: t(`bases.${basis}`)}))} />
        {box('tells_objection', t('law.tells'))}
        {box('interest_assessed', t('law.interestHolds'))}
        {box('special', t('law.special'))}
        {box('location', t('law.locationData'))}
        {box('recording', t('law.recording'))}
        {use === 'decide' && box('weighty', t('law.weighty'))}
        {use === 'decide' && box('reviewed', t('law.reviewed'))}
        {use === 'export' && box('safeguards', t('law.safeguards'))}
        {use === 'export' && <Without flag="not_granted" label={t('law.grantedRecipient')} asked={asked} onChange={onChange} />}
        {use !== 'store' && use !== 'contact' && <Without flag="not_stored" label={t('law.sameStored')} asked={asked} onChange={onChange} />}
      </Group>
    </>
  );
}

// What is so, unless somebody takes it away.
function Without({flag, label, asked, onChange}: {flag: Flag; label: string} & FormProps) {
  const on = flagsOf(asked);
  return (
    <Checkbox
      label={label}
      checked={!on.has(flag)}
      onChange={event => {
        const checked = event.currentTarget.checked;
        onChange({...asked, flags: flags.filter(each => (each === flag ? !checked : on.has(each))).join(',') || undefined});
      }}
    />
  );
}

// A day, as the moment at which it begins in UTC: the law's days are those.
function DayField({label, value, onChange}: {label: string; value: string | undefined; onChange: (moment: string | undefined) => void}) {
  return <TextInput type="date" label={label} value={value?.slice(0, 10) ?? ''} onChange={event => onChange(event.currentTarget.value ? `${event.currentTarget.value}T00:00:00Z` : undefined)} />;
}

// A moment: in the address as it is everywhere, in the field as the reader's clock has it.
function MomentField({value, onChange}: {value: string | undefined; onChange: (moment: string | undefined) => void}) {
  const {t} = useTranslation();
  const moment = value ? new Date(value) : null;
  const known = moment && !Number.isNaN(moment.getTime());
  const local = known ? new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16) : '';
  return (
    <TextInput
      type="datetime-local"
      label={t('law.at')}
      description={t('law.atHint')}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      value={local}
      onChange={event => {
        const chosen = new Date(event.currentTarget.value);
        onChange(Number.isNaN(chosen.getTime()) ? undefined : chosen.toISOString().replace('.000Z', 'Z'));
      }}
    />
  );
}

function ZoneSelect({value, onChange}: {value: string | undefined; onChange: (zone: string | undefined) => void}) {
  const {t} = useTranslation();
  const zones = useMemo(() => {
    const known = Intl.supportedValuesOf('timeZone');
    return value && !known.includes(value) ? [value, ...known] : known;
  }, [value]);
  return (
    <Select
      label={t('law.zone')}
      description={t('law.zoneHint')}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      searchable
      clearable
      limit={60}
      value={value ?? null}
      onChange={zone => onChange(zone ?? undefined)}
      data={zones}
    />
  );
}
