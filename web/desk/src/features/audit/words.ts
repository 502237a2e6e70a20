// What a record of the audit says, in words: what was done, and to what by its name where that is known.
import {useQuery} from '@tanstack/react-query';
import type {TFunction} from 'i18next';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useSources} from '../../api/sources';
import {useNames} from '../../parts/names';
import {useMay} from '../../session/session';

type Approvable = Schemas['ApprovalOperation'];

function approvable(t: TFunction, operation: string): string {
  return t(`approvals.operations.${operation as Approvable}`, {defaultValue: ''});
}

export function operationText(t: TFunction, operation: string): string {
  const asked = operation.startsWith('ask ') && approvable(t, operation.slice(4));
  if (asked) return t('audit.asked', {what: asked});
  const approved = approvable(t, operation);
  if (approved) return t('audit.carriedOut', {what: approved});
  return t(`operations.${operation as 'getCustomer'}`, {defaultValue: operation});
}

// The newest: what older ones asked for stands in their own records.
function useApprovals(enabled: boolean) {
  return useQuery({
    queryKey: ['approvals', 'newest'],
    enabled,
    queryFn: () => take(api.GET('/api/v1/approvals', {params: {query: {limit: 200}}})),
  });
}

export function useTargets(): (target: string) => string {
  const {t} = useTranslation();
  const may = useMay();
  const name = useNames();
  const {data: sources} = useSources(may('listSources'));
  const {data: approvals} = useApprovals(may('listApprovals'));
  const one = (target: string): string => {
    const at = target.indexOf(':');
    const kind = at < 0 ? target : target.slice(0, at);
    const id = target.slice(at + 1);
    switch (kind) {
      case 'source':
        return t('audit.targets.source', {name: sources?.find(source => source.id === id)?.name ?? id});
      case 'staff':
      case 'token':
        return name(target) === target ? target : t(`audit.targets.${kind}`, {name: name(target)});
      case 'approval': {
        const approval = approvals?.items.find(entry => String(entry.id) === id);
        return t('audit.targets.approval', {id}) + (approval ? `: ${approvable(t, approval.operation)}` : '');
      }
      case 'link':
        return t('audit.targets.link', {a: id.split('+')[0], b: id.split('+')[1]});
      case 'identity':
      case 'customer':
      case 'region':
      case 'webhook':
      case 'backup':
      case 'setting':
      case 'purpose':
      case 'notice':
      case 'assessment':
      case 'rule':
        return t(`audit.targets.${kind}`, {id});
      case 'call':
        return t('audit.targets.call');
      case 'test-data':
        return t('audit.targets.testData');
      default:
        return target;
    }
  };
  return target => target.split(' ').map(one).join(', ');
}
