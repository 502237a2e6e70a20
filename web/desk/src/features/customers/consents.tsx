// What somebody allowed, and what not: to messages and other uses (said.tsx), and to be shown as one person: which links
// rest on that leave, and what was taken back. Who hears that somebody takes it back can carry it out here.
import {Button} from '@mantine/core';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {Chip} from '../../parts/chip';
import {notify} from '../../parts/notify';
import {notifyProblem} from '../../parts/problem';
import {useMay} from '../../session/session';
import classes from './consents.module.css';
import {type Customer, type CustomerIdentity, sourceName} from './customer';
import {basisName, KindIcon, onConsent} from './kinds';
import {nameOfEnd} from './links';
import {Said} from './said';

export function Consents({customer, purpose}: {customer: Customer; purpose: string}) {
  const {t} = useTranslation();
  const may = useMay();
  const linked = customer.identities.filter(identity => customer.links.some(link => touches(link, identity)));
  return (
    <div className="stack">
      {may('listConsents') && <Said customer={customer} purpose={purpose} />}
      <h3>{t('consents.linking')}</h3>
      <p className="soft small">{t('consents.linkingLead')}</p>
      {linked.length === 0 ? (
        <p className="soft small">{t('consents.alone')}</p>
      ) : (
        <ul className={classes.list} aria-label={t('consents.linking')}>
          {linked.map(identity => (
            <Leave key={identity.id} customer={customer} identity={identity} />
          ))}
        </ul>
      )}
    </div>
  );
}

function touches(link: Customer['links'][number], identity: CustomerIdentity): boolean {
  return link.standing === 'active' && (link.a === identity.id || link.b === identity.id);
}

function useLeave(identity: CustomerIdentity) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const {purposes: known} = usePurposes();
  const change = (path: '/api/v1/links/withdraw' | '/api/v1/links/regrant', purposes: string[]) =>
    take(api.POST(path, {params: {header: {'Idempotency-Key': idempotencyKey()}}, body: {identity: identity.id, purposes}})).then(() =>
      queries.invalidateQueries({queryKey: ['customers']}),
    );
  const failed = (error: unknown) => notifyProblem(t, error);
  const grant = useMutation({
    mutationFn: (purposes: string[]) => change('/api/v1/links/regrant', purposes),
    onError: failed,
    onSuccess: () => notify({kind: 'good', text: t('consents.grantedAgain')}),
  });
  const withdraw = useMutation({
    mutationFn: (purposes: string[]) => change('/api/v1/links/withdraw', purposes),
    onError: failed,
    onSuccess: (_, purposes) =>
      notify({
        kind: 'good',
        text: t('consents.withdrawn'),
        // To give it again takes somebody who may look for all of these purposes; to take it back does not.
        undo: purposes.every(name => known.find(purpose => purpose.name === name)?.may_look) ? () => grant.mutate(purposes) : undefined,
      }),
  });
  return {withdraw, grant};
}

function Leave({customer, identity}: {customer: Customer; identity: CustomerIdentity}) {
  const {t} = useTranslation();
  const may = useMay();
  const text = usePurposeText();
  const {withdraw, grant} = useLeave(identity);
  const links = customer.links.filter(link => touches(link, identity));
  const withdrawn = [...new Set(links.flatMap(link => link.withdrawn))];
  const held = [...new Set(links.flatMap(link => link.purposes))].filter(name => !withdrawn.includes(name));
  const bases = [...new Set(links.map(link => link.basis))];
  const consented = bases.includes(onConsent);
  const name = nameOfEnd(t, customer, identity.id);
  return (
    <li className={classes.leave}>
      <span className={classes.sign}>
        <KindIcon kind={identity.kind} />
      </span>
      <div className={classes.words}>
        <p>
          {name}{' '}
          <Chip tone={withdrawn.length > 0 ? 'warn' : consented ? 'good' : 'plain'}>
            {withdrawn.length > 0 ? t('consents.takenBack') : consented ? t('consents.given') : t('consents.restsOn', {basis: bases.map(basis => basisName(t, basis)).join(', ')})}
          </Chip>
        </p>
        <p className="soft tiny">{sourceName(customer, identity.source)}</p>
        <Purposes summary={t('consents.heldFor', {count: held.length})} names={held.map(text)} />
        <Purposes summary={t('consents.takenBackFor', {count: withdrawn.length})} names={withdrawn.map(text)} />
      </div>
      <div className={classes.ways}>
        {may('withdrawLinking') && held.length > 0 && (
          <Button size="compact-md" variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate(held)} aria-label={t('consents.withdrawNamed', {name})}>
            {t('consents.withdraw')}
          </Button>
        )}
        {may('regrantLinking') && withdrawn.length > 0 && (
          <Button size="compact-md" variant="default" loading={grant.isPending} onClick={() => grant.mutate(withdrawn)} aria-label={t('consents.grantNamed', {name})}>
            {t('consents.grant')}
          </Button>
        )}
      </div>
    </li>
  );
}

function Purposes({summary, names}: {summary: string; names: string[]}) {
  if (names.length === 0) return null;
  return (
    <details className="small">
      <summary className="soft">{summary}</summary>
      <ul className={classes.purposes}>
        {names.map(name => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </details>
  );
}
