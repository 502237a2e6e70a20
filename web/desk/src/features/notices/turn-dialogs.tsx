// Publishing and retiring: neither can be taken back, so each says exactly what will happen.
import {Alert, Button} from '@mantine/core';
import {IconAlertCircle} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, take} from '../../api/client';
import {Dialog} from '../../parts/dialog';
import {notify} from '../../parts/notify';
import {Warning} from '../../parts/warning';
import {Changes} from './changes';
import classes from './notices.module.css';
import type {Version} from './queries';
import {wrongAtAll} from './sentences';

interface PublishProps {
  draft: Version | null; // as it stands on the server; null: closed
  published: Version | null;
  onClose: () => void;
  onWrong: (error: unknown) => void; // what is missing, field by field
}

export function PublishDialog({draft, published, onClose, onWrong}: PublishProps) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const publish = useMutation({
    mutationFn: ({id, version, hash}: Version) =>
      take(api.POST('/api/v1/notices/{id}/versions/{version}/publish', {params: {path: {id, version}, header: {'Idempotency-Key': idempotencyKey()}}, body: {hash}})),
    onSuccess: done => {
      notify({kind: 'good', text: t('notices.published', {version: done.version})});
      onClose();
    },
    onError: onWrong,
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  return (
    <Dialog opened={draft !== null} onClose={onClose} title={draft && t('notices.publishTitle', {version: draft.version})} size="lg">
      {draft && (
        <div className="stack">
          <Warning>
            <ul className={classes.warning}>
              <li>{t('notices.publishWarn.forever')}</li>
              <li>{t('notices.publishWarn.fromNow', {version: draft.version})}</li>
              <li>{published ? t('notices.publishWarn.earlier', {version: published.version}) : t('notices.publishWarn.first')}</li>
            </ul>
          </Warning>
          {published && (
            <section className="stack-tight">
              <h3>{t('notices.changed', {version: published.version})}</h3>
              <Changes before={published} after={draft} />
            </section>
          )}
          <div className="row">
            <Button loading={publish.isPending} onClick={() => publish.mutate(draft)}>
              {t('notices.publishDo')}
            </Button>
            <Button variant="subtle" color="gray" onClick={onClose} data-autofocus>
              {t('common.cancel')}
            </Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}

export function RetireDialog({version, opened, onClose}: {version: Version; opened: boolean; onClose: () => void}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const path = {id: version.id, version: version.version};
  const retire = useMutation({
    mutationFn: () => take(api.POST('/api/v1/notices/{id}/versions/{version}/retire', {params: {path, header: {'Idempotency-Key': idempotencyKey()}}})),
    onSuccess: () => {
      notify({kind: 'good', text: t('notices.retired', {version: version.version})});
      onClose();
    },
    onSettled: () => void queries.invalidateQueries({queryKey: ['law']}),
  });
  const failed = wrongAtAll(t, retire.error);
  return (
    <Dialog opened={opened} onClose={onClose} title={t('notices.retireTitle', {version: version.version})}>
      <div className="stack">
        <p>{t('notices.retireText')}</p>
        <p>{t('notices.retireLast')}</p>
        {failed && (
          <Alert color="red" variant="light" icon={<IconAlertCircle aria-hidden />}>
            {failed}
          </Alert>
        )}
        <div className="row">
          <Button color="red" loading={retire.isPending} onClick={() => retire.mutate()}>
            {t('notices.retireDo')}
          </Button>
          <Button variant="subtle" color="gray" onClick={onClose} data-autofocus>
            {t('common.cancel')}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
