import {IconAlertTriangle} from '@tabler/icons-react';
import type {ReactNode} from 'react';
import classes from './warning.module.css';

// What somebody should know before they go on, or why something does not go on.
export function Warning({title, icon, children}: {title?: string; icon?: ReactNode; children: ReactNode}) {
  return (
    <div className={classes.warning} role="note">
      <span className={classes.icon}>{icon ?? <IconAlertTriangle size={20} aria-hidden />}</span>
      <div className={classes.words}>
        {title && <p className={classes.title}>{title}</p>}
        {children}
      </div>
    </div>
  );
}
