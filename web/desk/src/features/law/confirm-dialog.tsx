// What counsel said of an unverified rule: recorded by keepers of the law, after they have seen what it would change.
import {Alert, Button, TextInput} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {type FormEvent, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {asProblem, explain, fieldError} from '../../parts/problem';
import {NormChanges} from './norm-changes';
import {type Rule, usePreview, useTextOf} from './queries';
import {useWithdraw} from './rule-card';
import {today} from './words';

// `day`: on which day the change is shown.
export function ConfirmDialog({rule, day, onClose}: {rule: Rule | null; day: string; onClose: () => void}) {
  const {t} = useTranslation();
  return (
    <Dialog opened={rule !== null} onClose={onClose} title={t('law.confirm')} size="lg">
      {rule && <ConfirmForm rule={rule} day={day} onDone={onClose} />}
    </Dialog>
  );
}

function ConfirmForm({rule, day, onDone}: {rule: Rule; day: string; onDone: () => void}) {
  const {t} = useTranslation();
  const textOf = useTextOf();
  const queries = useQueryClient();
  const withdraw = useWithdraw();
  const draft = {confirm: rule.id, day};
  const preview = usePreview(draft);
  const [counsel, setCounsel] = useState('');
  const [when, setWhen] = useState(today());
  const [source, setSource] = useState('');
  const confirm = useMutation({
    mutationFn: () => take(api.PUT('/api/v1/law/confirmations/{rule}', {params: {path: {rule: rule.id}}, body: {counsel: counsel.trim(), day: when, source: source.trim()}})),
    onSuccess: () => {
      notify({kind: 'good', text: t('law.confirmed'), undo: () => withdraw.mutate(rule.id)});
      onDone();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  function submit(event: FormEvent) {
    event.preventDefault();
    confirm.mutate();
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p>{textOf(rule.text)}</p>
      <p className="small soft">{t('law.confirmText')}</p>
      <NormChanges preview={preview} draft={{...draft, day: day > today() ? day : today()}} />
      <TextInput label={t('law.counsel')} description={t('law.counselHint')} required withAsterisk={false} maxLength={200} value={counsel} onChange={event => setCounsel(event.currentTarget.value)} error={fieldError(confirm.error, 'counsel')} data-autofocus />
      <TextInput label={t('law.confirmDay')} type="date" required withAsterisk={false} max={today()} value={when} onChange={event => setWhen(event.currentTarget.value)} error={fieldError(confirm.error, 'day')} />
      <TextInput label={t('law.confirmSource')} description={t('law.confirmSourceHint')} required withAsterisk={false} maxLength={500} value={source} onChange={event => setSource(event.currentTarget.value)} error={fieldError(confirm.error, 'source')} />
      {confirm.error && (
        <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
          {explain(t, asProblem(confirm.error))}
        </Alert>
      )}
      <div className="row">
        <Button type="submit" loading={confirm.isPending}>
          {t('law.confirmDo')}
        </Button>
        <Button variant="subtle" color="gray" onClick={onDone}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  );
}
