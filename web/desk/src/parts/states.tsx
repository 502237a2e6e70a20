// What a page shows while it has nothing to show: each says what to do.
import {Button, Skeleton, VisuallyHidden} from '@mantine/core';
import {IconCloudOff, IconLock, IconMoodEmpty, IconRefresh, IconTool} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import {useTranslation} from 'react-i18next';
import {asProblem, explain} from './problem';
import classes from './states.module.css';

interface StateProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  role?: 'alert';
}

function State({icon, title, children, action, role}: StateProps) {
  return (
    <div className={classes.state} role={role}>
      <span className={classes.icon}>{icon}</span>
      <p className={classes.title}>{title}</p>
      {children && <div className={classes.text}>{children}</div>}
      {action}
    </div>
  );
}

export function Empty({title, children, action}: {title: string; children?: ReactNode; action?: ReactNode}) {
  return (
    <State icon={<IconMoodEmpty aria-hidden />} title={title} action={action}>
      {children}
    </State>
  );
}

export function Failed({error, retry}: {error: unknown; retry?: () => void}) {
  const {t} = useTranslation();
  const problem = asProblem(error);
  if (problem.status === 403) return <NoPermission text={explain(t, problem)} />;
  const Icon = problem.status === 0 ? IconCloudOff : IconTool;
  return (
    <State
      role="alert"
      icon={<Icon aria-hidden />}
      title={problem.status === 404 ? t('problem.notFound') : t('problem.title')}
      action={
        retry && (
          <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={retry}>
            {t('common.retry')}
          </Button>
        )
      }
    >
      {problem.status !== 404 && explain(t, problem)}
      {problem.traceId && problem.status >= 500 && (
        <div className="tiny">
          {t('problem.trace')} <code>{problem.traceId}</code>
        </div>
      )}
    </State>
  );
}

export function NoPermission({text}: {text?: string}) {
  const {t} = useTranslation();
  return (
    <State icon={<IconLock aria-hidden />} title={t('problem.noPermission')}>
      {text ?? t('problem.roleMissing')}
    </State>
  );
}

export function Loading({lines = 5, height = 20}: {lines?: number; height?: number}) {
  const {t} = useTranslation();
  return (
    <div className="stack-tight" role="status">
      <VisuallyHidden>{t('common.loading')}</VisuallyHidden>
      {Array.from({length: lines}, (_, line) => (
        <Skeleton key={line} height={height} className={line % 3 === 2 ? classes.short : undefined} />
      ))}
    </div>
  );
}
