// Who the customer is: the identities, and the statements that they are one person. Each can be taken back.
import {Button, Checkbox, Select, TextInput} from '@mantine/core';
import {IconLink, IconLinkOff, IconLinkPlus} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useNavigate} from '@tanstack/react-router';
import type {TFunction} from 'i18next';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {asProblem, explain, notifyProblem} from '../../parts/problem';
import {useMay} from '../../session/session';
import {type Customer, nameOf} from './customer';
import classes from './identities.module.css';
import {type Basis, basisName, bases, KindIcon, kindName} from './kinds';

type Link = Customer['links'][number];
type Identity = Customer['identities'][number];

function useLinks() {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({queryKey: ['customers']});
  const header = () => ({header: {'Idempotency-Key': idempotencyKey()}});
  const link = (wanted: {a: string; b: string; basis: Basis; purposes: string[]}) =>
    take(api.POST('/api/v1/links', {params: header(), body: wanted})).then(refresh);
  const unlink = (a: string, b: string) => take(api.POST('/api/v1/links/end', {params: header(), body: {a, b}})).then(refresh);
  const failed = (error: unknown) => notifyProblem(t, error);
  return {link, unlink, failed};
}

function originName(t: TFunction, origin: string | null): string {
  if (origin === null) return t('identities.byOthers');
  return origin.startsWith('staff') || origin.startsWith('token') ? t('identities.byStaff') : origin;
}

export function Identities({customer, purpose}: {customer: Customer; purpose: string}) {
  const {t} = useTranslation();
  const may = useMay();
  const [adding, setAdding] = useState(false);
  const mayLink = may('linkIdentities');
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
          <IdentityCard key={identity.id} identity={identity} />
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

function IdentityCard({identity}: {identity: Identity}) {
  const {t} = useTranslation();
  const format = useFormats();
  return (
    <li className={classes.identity}>
      <div className={classes.identityHead}>
        <span className={classes.sign}>
          <KindIcon kind={identity.kind} />
        </span>
        <div>
          <p className={classes.kind}>{kindName(t, identity.kind)}</p>
          <p className="soft tiny">
            {identity.source} · <span className="figures">{identity.id}</span>
            {identity.country && ` · ${format.country(identity.country)}`}
          </p>
        </div>
      </div>
      {identity.keys.length === 0 && <p className={`soft small ${classes.keys}`}>{t('identities.noKeys')}</p>}
      <ul className={classes.keys}>
        {identity.keys.map(key => (
          <li key={`${key.kind} ${key.value}`}>
            <span className="wrap">
              {key.kind !== identity.kind && <span className={classes.keyKind}>{kindName(t, key.kind)} </span>}
              {key.value}
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

function nameOfEnd(t: ReturnType<typeof useTranslation>['t'], customer: Customer, id: string): string {
  const identity = customer.identities.find(entry => entry.id === id);
  return identity ? `${kindName(t, identity.kind)} ${id}` : id;
}

function isDevice(identity: Identity): boolean {
  return identity.kind === 'anonymous_id' || identity.kind === 'device_id';
}

function LinkLine({link, customer, mayLink, purpose}: {link: Link; customer: Customer; mayLink: boolean; purpose: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const navigate = useNavigate({from: '/customers/$id'});
  const {link: make, unlink, failed} = useLinks();
  const made = {a: link.a, b: link.b, basis: link.basis as Basis, purposes: link.purposes};

  // Taken apart, the page stays with the half that somebody is known by rather than with a browser.
  const stays = customer.identities.find(identity => (identity.id === link.a || identity.id === link.b) && !isDevice(identity))?.id;
  const end = useMutation({
    mutationFn: () => unlink(link.a, link.b),
    onError: failed,
    onSuccess: () => {
      if (stays) void navigate({to: '/customers/$id', params: {id: stays}, search: before => before, replace: true, resetScroll: false});
      notify({
        kind: 'good',
        text: t('identities.unlinked'),
        undo: () => {
          make(made).then(() => notify({kind: 'good', text: t('identities.linkedAgain')}), failed);
        },
      });
    },
  });
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
          {t('identities.because', {origin: originName(t, link.origin), basis: basisName(t, link.basis)})}
          {' · '}
          {format.date(link.changed_at)}
        </p>
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
      {mayLink && link.standing !== 'active' && (
        <Button size="compact-md" variant="default" loading={again.isPending} onClick={() => again.mutate()} aria-label={t('identities.linkNamed', {a: link.a, b: link.b})}>
          {link.standing === 'claimed' ? t('identities.confirm') : t('identities.linkAgain')}
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
      <Select label={t('identities.basis')} value={basis} allowDeselect={false} onChange={value => setBasis((value ?? basis) as Basis)} data={bases.map(name => ({value: name, label: basisName(t, name)}))} />
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
