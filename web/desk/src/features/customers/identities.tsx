// Who the customer is: the identities, and the statements that they are one person. Each can be taken back.
import {Button, Checkbox, Select, TextInput} from '@mantine/core';
import {IconLink, IconLinkOff, IconLinkPlus} from '@tabler/icons-react';
import {useMutation} from '@tanstack/react-query';
import type {TFunction} from 'i18next';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {asProblem, explain} from '../../parts/problem';
import {Failed, Loading} from '../../parts/states';
import {useMay} from '../../session/session';
import {type Customer, type CustomerIdentity, type CustomerLink, nameOf, type Naming, namingsOf, sourceName} from './customer';
import classes from './identities.module.css';
import {type Basis, basisName, bases, isDevice, KindIcon, kindName, onConsent} from './kinds';
import {nameOfEnd, useLinks, useUnlink} from './links';
import {nameConflict} from './name-conflict';
import {Proof, useSaid} from './said';

// Made by the customer's own leave.
const byCustomer = '@customer';

// The leave itself: it was said at the moment when the link was made.
function Leave({link, customer, purpose}: {link: CustomerLink; customer: Customer; purpose: string}) {
  const {t} = useTranslation();
  const [open, setOpen] = useState(false);
  const {data, error, refetch} = useSaid(customer, purpose, open);
  const said = data?.history.find(one => one.purpose === 'IdentityLinking' && one.act === 'given' && one.said_at === link.changed_at);
  return (
    <details className="small" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary className="soft">{t('identities.leave')}</summary>
      {error ? <Failed error={error} retry={() => void refetch()} /> : !data ? <Loading lines={3} /> : said ? <Proof statement={said} purpose={purpose} /> : <p>{t('identities.leaveUnseen')}</p>}
    </details>
  );
}

function originName(t: TFunction, customer: Customer, origin: string | null): string {
  if (origin === null) return t('identities.byOthers');
  return origin.startsWith('staff') || origin.startsWith('token') ? t('identities.byStaff') : sourceName(customer, origin);
}

export function Identities({customer, purpose}: {customer: Customer; purpose: string}) {
  const {t} = useTranslation();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const mayLink = may('linkIdentities');
  const atOdds = nameConflict(customer)?.namings ?? [];
  return (
    <div className="stack">
      <div className={classes.head}>
        <p className="soft small">{t('identities.lead')}</p>
        {mayLink && (
          <Button variant="default" leftSection={<IconLinkPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            {t('identities.link')}
          </Button>
        )}
      </div>
      <ul className={classes.identities} aria-label={t('identities.title')}>
        {customer.identities.map(identity => (
          <IdentityCard key={identity.id} customer={customer} identity={identity} atOdds={atOdds} />
        ))}
      </ul>
      <h3>{t('identities.links')}</h3>
      {customer.links.length === 0 ? (
        <p className="soft small">{t('identities.noLinks')}</p>
      ) : (
        <ul className={classes.links}>
          {customer.links.map(link => (
            <LinkLine key={`${link.a} ${link.b}`} link={link} customer={customer} mayLink={mayLink} purpose={purpose} />
          ))}
        </ul>
      )}
      <Dialog opened={adding} onClose={() => setAdding(false)} title={t('identities.link')} size="lg">
        <LinkForm customer={customer} purpose={purpose} onDone={() => setAdding(false)} />
      </Dialog>
    </div>
  );
}

function IdentityCard({customer, identity, atOdds}: {customer: Customer; identity: CustomerIdentity; atOdds: Naming[]}) {
  const {t} = useTranslation();
  const format = useFormats();
  const names = namingsOf(customer).filter(naming => naming.identity === identity.id);
  const from = (source: string) => (source === identity.source ? null : <span className={classes.from}>{sourceName(customer, source)}</span>);
  return (
    <li className={classes.identity}>
      <div className={classes.identityHead}>
        <span className={classes.sign}>
          <KindIcon kind={identity.kind} />
        </span>
        <div>
          <p className={classes.kind}>{kindName(t, identity.kind)}</p>
          <p className="soft tiny">
            {sourceName(customer, identity.source)} · <span className="figures">{identity.id}</span>
            {identity.country && ` · ${format.country(identity.country)}`}
          </p>
        </div>
      </div>
      {names.length > 0 && (
        <ul className={classes.names} aria-label={t('identities.names')}>
          {names.map(naming => (
            <li key={naming.source}>
              <span className="wrap">
                <span className={classes.name}>{naming.name}</span>
                {from(naming.source)}
              </span>
              {atOdds.some(one => one.name === naming.name) && <Chip tone="warn">{t('identities.otherName')}</Chip>}
            </li>
          ))}
        </ul>
      )}
      {identity.keys.length === 0 && <p className={`soft small ${classes.keys}`}>{t('identities.noKeys')}</p>}
      <ul className={classes.keys}>
        {identity.keys.map(key => (
          <li key={`${key.kind} ${key.value}`}>
            <span className="wrap">
              {key.kind !== identity.kind && <span className={classes.keyKind}>{kindName(t, key.kind)} </span>}
              {key.value}
              {from(key.source)}
            </span>
            {key.standing !== 'own' && (
              <Chip tone={key.standing === 'confirmed' ? 'good' : 'warn'} title={t(`standingHint.${key.standing}`)}>
                {t(`standing.${key.standing}`)}
              </Chip>
            )}
          </li>
        ))}
      </ul>
    </li>
  );
}

function LinkLine({link, customer, mayLink, purpose}: {link: CustomerLink; customer: Customer; mayLink: boolean; purpose: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const may = useMay();
  const {link: make, unlink, failed} = useLinks();
  const end = useUnlink(customer, [link]);
  const made = {a: link.a, b: link.b, basis: link.basis as Basis, purposes: link.purposes};
  const again = useMutation({
    mutationFn: () => make({...made, purposes: made.purposes.length > 0 ? made.purposes : [purpose]}),
    onError: failed,
    onSuccess: () =>
      notify({
        kind: 'good',
        text: t('identities.linked'),
        undo: () => {
          unlink(link.a, link.b).catch(failed);
        },
      }),
  });
  const linkWord = link.standing === 'claimed' ? t('identities.confirm') : t('identities.linkAgain');
  const tone = link.standing === 'active' ? 'good' : link.standing === 'claimed' ? 'warn' : 'plain';
  return (
    <li className={classes.link}>
      <span className={classes.linkSign} data-standing={link.standing}>
        {link.standing === 'ended' ? <IconLinkOff size={18} aria-hidden /> : <IconLink size={18} aria-hidden />}
      </span>
      <div className={classes.linkWords}>
        <p>
          {nameOfEnd(t, customer, link.a)} ↔ {nameOfEnd(t, customer, link.b)}{' '}
          <Chip tone={tone} title={t(`linkHint.${link.standing}`)}>
            {t(`linkStanding.${link.standing}`)}
          </Chip>
        </p>
        <p className="soft small">
          {link.origin !== byCustomer
            ? t('identities.because', {origin: originName(t, customer, link.origin), basis: basisName(t, link.basis)})
            : t(link.standing === 'ended' ? 'identities.leaveEnded' : 'identities.byLeave')}
          {' · '}
          {format.date(link.changed_at)}
        </p>
        {link.origin === byCustomer && link.standing === 'active' && may('listConsents') && <Leave link={link} customer={customer} purpose={purpose} />}
        <details className="small">
          <summary className="soft">{t('identities.holdsFor', {count: link.purposes.length})}</summary>
          <ul className={classes.purposes}>
            {link.purposes.map(name => (
              <li key={name}>
                {purposeText(name)}
                {link.withdrawn.includes(name) && <span className="soft"> ({t('identities.withdrawn')})</span>}
              </li>
            ))}
          </ul>
        </details>
      </div>
      {mayLink && link.standing === 'active' && (
        <Button size="compact-md" variant="default" loading={end.isPending} onClick={() => end.mutate()} aria-label={t('identities.unlinkNamed', {a: link.a, b: link.b})}>
          {t('identities.unlink')}
        </Button>
      )}
      {mayLink && link.standing !== 'active' && link.basis !== onConsent && (
        <Button size="compact-md" variant="default" loading={again.isPending} onClick={() => again.mutate()} aria-label={`${linkWord}: ${t('identities.linkNamed', {a: link.a, b: link.b})}`}>
          {linkWord}
        </Button>
      )}
    </li>
  );
}

function LinkForm({customer, purpose, onDone}: {customer: Customer; purpose: string; onDone: () => void}) {
  const {t} = useTranslation();
  const format = useFormats();
  const {link, unlink, failed} = useLinks();
  const {purposes} = usePurposes();
  const purposeText = usePurposeText();
  const [own, setOwn] = useState((customer.identities.find(identity => !isDevice(identity)) ?? customer.identities[0])?.id ?? customer.id);
  const [other, setOther] = useState('');
  const [basis, setBasis] = useState<Basis>('A6-1-b');
  const [chosen, setChosen] = useState<string[]>([purpose]);
  const make = useMutation({
    mutationFn: () => link({a: own, b: other.trim(), basis, purposes: chosen}),
    onSuccess: () => {
      onDone();
      const wanted = other.trim();
      notify({kind: 'good', text: t('identities.linked'), undo: () => void unlink(own, wanted).catch(failed)});
    },
  });
  // Who it is, before anybody is joined with them: a look like any other.
  const look = useMutation({
    mutationFn: () => take(api.GET('/api/v1/customers/{id}', {params: {path: {id: other.trim()}, query: {purpose}}})),
  });
  const found = look.data;
  const error = make.error ?? look.error;
  function submit(event: FormEvent) {
    event.preventDefault();
    if (found) make.mutate();
    else look.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p className="soft small">{t('identities.formLead')}</p>
      <Select
        label={t('identities.ownEnd')}
        value={own}
        allowDeselect={false}
        onChange={value => setOwn(value ?? own)}
        data={customer.identities.map(identity => ({value: identity.id, label: nameOfEnd(t, customer, identity.id)}))}
      />
      <TextInput
        label={t('identities.otherEnd')}
        description={t('identities.otherHint')}
        value={other}
        required
        withAsterisk={false}
        onChange={event => {
          setOther(event.currentTarget.value);
          look.reset();
          make.reset();
        }}
        error={error ? explain(t, asProblem(error)) : undefined}
      />
      {found && (
        <div role="status" className={classes.identity}>
          <p className={classes.kind}>{nameOf(found) ?? t('customer.untitled', {id: found.id})}</p>
          <p className="soft small">{format.list([...new Set(found.identities.map(identity => kindName(t, identity.kind)))])}</p>
        </div>
      )}
      <Select label={t('identities.basis')} value={basis} allowDeselect={false} onChange={value => setBasis((value ?? basis) as Basis)} data={bases.filter(name => name !== onConsent).map(name => ({value: name, label: basisName(t, name)}))} />
      <Checkbox.Group label={t('identities.purposes')} value={chosen} onChange={setChosen}>
        <div className={classes.choices}>
          {purposes
            .filter(entry => entry.may_look)
            .map(entry => (
              <Checkbox key={entry.name} value={entry.name} label={purposeText(entry.name)} />
            ))}
        </div>
      </Checkbox.Group>
      <div className="row">
        <Button type="submit" loading={make.isPending || look.isPending} disabled={other.trim() === '' || chosen.length === 0}>
          {found ? t('identities.linkWith', {name: nameOf(found) ?? found.id}) : t('identities.lookFirst')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
