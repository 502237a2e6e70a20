import type {ReactNode} from 'react';
import classes from './chip.module.css';

// A word with a colour that says the same.
export function Chip({tone = 'plain', icon, children, title}: {tone?: 'plain' | 'good' | 'warn' | 'bad' | 'accent'; icon?: ReactNode; children: ReactNode; title?: string}) {
  return (
    <span className={classes.chip} data-tone={tone} title={title}>
      {icon}
      {children}
    </span>
  );
}
