// What takes two people: one asks here, another decides under Approvals, and the server does it.
import {Alert, Button, Textarea} from '@mantine/core';
import {IconAlertCircle, IconEyeCheck} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, type ReactNode, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, Problem, type Schemas, take} from '../api/client';
import {notify} from './notify';
import {asProblem, explain, fieldError} from './problem';

export type GraveOperation = Schemas['ApprovalOperation'];

export function takesTwo(error: unknown): boolean {
  return error instanceof Problem && error.code === 'four_eyes';
}

interface ReasonProps {
  value: string;
  onChange: (reason: string) => void;
  error?: string;
  autoFocus?: boolean;
}

export function Reason({value, onChange, error, autoFocus}: ReasonProps) {
  const {t} = useTranslation();
  return (
    <Textarea
      label={t('approvals.reason')}
      description={t('approvals.reasonHint')}
      required
      withAsterisk={false}
      autosize
      minRows={2}
      maxLength={500}
      value={value}
      onChange={event => onChange(event.currentTarget.value)}
      error={error}
      data-autofocus={autoFocus || undefined}
    />
  );
}

interface AskFormProps {
  operation: GraveOperation;
  target: string; // "" as long as it is not chosen
  onDone: () => void;
  onCancel: () => void;
  children?: ReactNode; // above the reason
}

export function AskForm({operation, target, onDone, onCancel, children}: AskFormProps) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const [reason, setReason] = useState('');
  const ask = useMutation({
    mutationFn: () => take(api.POST('/api/v1/approvals', {body: {operation, target, reason: reason.trim()}})),
    onSuccess: () => {
      void queries.invalidateQueries({queryKey: ['approvals']});
      notify({kind: 'good', text: t('approvals.asked')});
      onDone();
    },
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    ask.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      {children}
      <Reason value={reason} onChange={setReason} error={fieldError(ask.error, 'reason')} />
      {ask.error && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {fieldError(ask.error, 'target') ?? explain(t, asProblem(ask.error))}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" leftSection={<IconEyeCheck size={16} aria-hidden />} loading={ask.isPending} disabled={target === '' || reason.trim() === ''}>
          {t('approvals.ask')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onCancel}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
