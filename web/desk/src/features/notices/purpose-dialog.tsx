// One purpose: all that is said of it, and where keepers of the law say it.
import {Button} from '@mantine/core';
import {IconPencil} from '@tabler/icons-react';
import {useMutation, useQueryClient} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {type ReactNode, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Dialog} from '../../parts/dialog';
import {useNames} from '../../parts/names';
import {notify} from '../../parts/notify';
import {notifyProblem} from '../../parts/problem';
import {Warning} from '../../parts/warning';
import {When} from '../../parts/when';
import {useMay} from '../../session/session';
import {dayText, termText} from '../law/words';
import classes from './notices.module.css';
import {EntryForm} from './purpose-form';
import type {Purpose} from './purposes-page';
import {type NewEntry, useReadersLanguage} from './queries';

export function PurposeDialog({purpose, onClose}: {purpose: Purpose | undefined; onClose: () => void}) {
  const language = useReadersLanguage();
  const [editing, setEditing] = useState<string | null>(null);
  const close = () => {
    setEditing(null);
    onClose();
  };
  const writing = purpose !== undefined && editing === purpose.info.name;
  return (
    <Dialog opened={purpose !== undefined} onClose={close} title={purpose?.info.meaning[language]} size="xl" closeOnClickOutside={!writing}>
      {purpose &&
        (writing ? (
          <EntryForm purpose={purpose.info.name} entry={purpose.entry} onDone={() => setEditing(null)} />
        ) : (
          <Facts purpose={purpose} onEdit={() => setEditing(purpose.info.name)} />
        ))}
    </Dialog>
  );
}

function Fact({name, children}: {name: string; children: ReactNode}) {
  const nothing = children === undefined || children === null || children === '' || (Array.isArray(children) && children.length === 0);
  return (
    <>
      <dt>{name}</dt>
      <dd>{nothing ? <span className="soft">–</span> : children}</dd>
    </>
  );
}

function Facts({purpose: {info, entry, activity, bases, notices, assessedUntil, missing}, onEdit}: {purpose: Purpose; onEdit: () => void}) {
  const {t} = useTranslation();
  const may = useMay();
  const format = useFormats();
  const language = useReadersLanguage();
  const nameOf = useNames();
  return (
    <div className="stack">
      {entry ? <p>{entry.description[language]}</p> : <p className="soft">{t('purposes.nothingSaid')}</p>}
      {missing.length > 0 && (
        <Warning title={t('purposes.missing')}>
          <ul className={classes.warning}>
            {missing.map(drift => (
              <li key={drift}>{t(`law.drift.${drift}`)}</li>
            ))}
          </ul>
        </Warning>
      )}
      <dl className="facts">
        <Fact name={t('purposes.term')}>
          <code>{info.name}</code>
        </Fact>
        <Fact name={t('purposes.basis')}>{format.list(bases.map(basis => t(`bases.${basis as 'A6-1-a'}`, {defaultValue: basis})))}</Fact>
        {bases.includes('A6-1-f') && may('listAssessments') && (
          <Fact name={t('purposes.assessment')}>
            {assessedUntil ? t('purposes.assessedUntil', {day: dayText(format, assessedUntil)}) : t('purposes.unassessed')}{' '}
            <Link to="/law/interests">{t('law.interests')}</Link>
          </Fact>
        )}
        {entry && (
          <>
            <Fact name={t('purposes.categories')}>{format.list(entry.categories)}</Fact>
            <Fact name={t('purposes.recipients')}>
              {entry.recipients.length === 0
                ? t('purposes.nobodyElse')
                : entry.recipients.map(each => (
                    <div key={each.name}>
                      {each.name} <span className="soft">{[format.country(each.country), t(`law.recipientRole.${each.role}`), each.safeguards].filter(Boolean).join(' · ')}</span>
                    </div>
                  ))}
            </Fact>
            <Fact name={t('purposes.retention')}>{`${termText(t, entry.retention.term)} ${t(`law.retentionSince.${entry.retention.since}`)}`}</Fact>
            <Fact name={t('purposes.benefit')}>{entry.benefit?.[language]}</Fact>
          </>
        )}
        <Fact name={t('law.notices')}>
          {notices.map(notice => (
            <div key={notice.id}>
              <Link to="/law/notices/$id" params={{id: notice.id}}>
                {notice.id}
              </Link>{' '}
              <span className="soft">{notice.published ? t('notices.inForce', {version: notice.published.version}) : t('notices.states.draft')}</span>
            </div>
          ))}
        </Fact>
        {activity && (
          <Fact name={t('law.registerUses')}>
            {activity.uses.map(use => (
              <div key={use.source}>
                <Link to="/sources/$id" params={{id: use.source}}>
                  {use.name}
                </Link>{' '}
                <span className="soft">{t(`bases.${use.basis as 'A6-1-a'}`, {defaultValue: use.basis})}</span>
              </div>
            ))}
          </Fact>
        )}
        {entry && (
          <Fact name={t('purposes.said')}>
            {nameOf(entry.recorded_by)}, <When at={entry.recorded_at} />
          </Fact>
        )}
      </dl>
      {may('putPurposeEntry') && (
        <div className="row">
          <Button leftSection={<IconPencil size={16} aria-hidden />} onClick={onEdit}>
            {t(entry ? 'purposes.edit' : 'purposes.describe')}
          </Button>
          {entry && <Remove entry={entry} />}
        </div>
      )}
    </div>
  );
}

function Remove({entry: {purpose, recorded_at: _at, recorded_by: _by, ...content}}: {entry: NonNullable<Purpose['entry']>}) {
  const {t} = useTranslation();
  const queries = useQueryClient();
  const fresh = () => void queries.invalidateQueries({queryKey: ['law']});
  const params = {path: {purpose}};
  const putBack = useMutation({
    mutationFn: (body: NewEntry) => take(api.PUT('/api/v1/purpose-entries/{purpose}', {params, body})),
    onError: error => notifyProblem(t, error),
    onSettled: fresh,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/purpose-entries/{purpose}', {params})),
    onSuccess: () => notify({kind: 'good', text: t('purposes.removed'), undo: () => putBack.mutate(content)}),
    onError: error => notifyProblem(t, error),
    onSettled: fresh,
  });
  return (
    <Button variant="subtle" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
      {t('purposes.remove')}
    </Button>
  );
}
