// Joining identities and taking them apart, each with a way back.
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useNavigate} from '@tanstack/react-router';
import type {TFunction} from 'i18next';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {notify} from '../../parts/notify';
import {notifyProblem} from '../../parts/problem';
import type {Customer, CustomerLink} from './customer';
import {type Basis, isDevice, kindName, onConsent} from './kinds';

export function useLinks() {
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

// Taken apart, the page stays with the half that somebody is known by rather than with a browser.
export function useUnlink(customer: Customer, links: CustomerLink[]) {
  const {t} = useTranslation();
  const navigate = useNavigate({from: '/customers/$id'});
  const {link: make, unlink, failed} = useLinks();
  const stays = customer.identities.find(identity => links.some(link => identity.id === link.a || identity.id === link.b) && !isDevice(identity))?.id;
  return useMutation({
    mutationFn: async () => {
      for (const link of links) await unlink(link.a, link.b);
    },
    onError: failed,
    onSuccess: () => {
      if (stays) void navigate({to: '/customers/$id', params: {id: stays}, search: before => before, replace: true, resetScroll: false});
      notify({
        kind: 'good',
        text: t('identities.unlinked'),
        // A leave has a proof: staff can't give it again.
        undo: links.some(link => link.basis === onConsent)
          ? undefined
          : () => {
              Promise.all(links.map(link => make({a: link.a, b: link.b, basis: link.basis as Basis, purposes: link.purposes}))).then(
                () => notify({kind: 'good', text: t('identities.linkedAgain')}),
                failed,
              );
            },
      });
    },
  });
}

export function nameOfEnd(t: TFunction, customer: Customer, id: string): string {
  const identity = customer.identities.find(entry => entry.id === id);
  return identity ? `${kindName(t, identity.kind)} ${id}` : id;
}
