// Every version of a notice, the newest first: to read, and with what changed.
import {type ReactNode, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {Chip} from '../../parts/chip';
import {useNames} from '../../parts/names';
import {Failed, Loading} from '../../parts/states';
import {When} from '../../parts/when';
import {Changes} from './changes';
import classes from './notices.module.css';
import {Preview} from './preview';
import {useVersion, type VersionHead} from './queries';

const tones = {draft: 'accent', published: 'good', retired: 'plain'} as const;

export function Versions({id, versions}: {id: string; versions: VersionHead[]}) {
  const newestFirst = [...versions].reverse();
  return (
    <ol className={classes.list}>
      {newestFirst.map((head, index) => (
        <Item key={head.version} id={id} head={head} before={newestFirst[index + 1]} inForce={head.status === 'published' && newestFirst.findIndex(each => each.status === 'published') === index} />
      ))}
    </ol>
  );
}

function Item({id, head, before, inForce}: {id: string; head: VersionHead; before: VersionHead | undefined; inForce: boolean}) {
  const {t} = useTranslation();
  const nameOf = useNames();
  const by = head.retired_at
    ? ({act: 'retired', at: head.retired_at, who: head.retired_by} as const)
    : head.published_at
      ? ({act: 'published', at: head.published_at, who: head.published_by} as const)
      : ({act: 'drafted', at: head.drafted_at, who: head.drafted_by} as const);
  return (
    <li>
      <div className="row">
        <strong>{t('notices.version', {version: head.version})}</strong>
        <Chip tone={head.status === 'published' && !inForce ? 'plain' : tones[head.status]}>{inForce ? t('notices.current') : t(`notices.states.${head.status}`)}</Chip>
      </div>
      <p className="soft">
        {t(`notices.by.${by.act}`, {name: nameOf(by.who ?? '')})}, <When at={by.at} />
      </p>
      <p className={classes.hash} title={t('notices.hashHint')}>
        {t('notices.hash')}: <code className="wrap">{head.hash}</code>
      </p>
      <Unfold title={t('notices.read')}>
        <Read id={id} version={head.version} />
      </Unfold>
      {before && (
        <Unfold title={t('notices.changed', {version: before.version})}>
          <Compare id={id} before={before.version} after={head.version} />
        </Unfold>
      )}
    </li>
  );
}

// What is in it is asked for once it is open.
function Unfold({title, children}: {title: string; children: ReactNode}) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && <div className="stack-tight">{children}</div>}
    </details>
  );
}

function Read({id, version}: {id: string; version: number}) {
  const query = useVersion(id, version);
  if (query.isPending) return <Loading lines={3} />;
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <Preview texts={query.data.data.texts} />;
}

function Compare({id, before, after}: {id: string; before: number; after: number}) {
  const first = useVersion(id, before);
  const second = useVersion(id, after);
  const error = first.error ?? second.error;
  if (error) return <Failed error={error} retry={() => void Promise.all([first.refetch(), second.refetch()])} />;
  if (!first.data || !second.data) return <Loading lines={3} />;
  return <Changes before={first.data.data} after={second.data.data} />;
}
