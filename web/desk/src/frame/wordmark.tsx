import classes from './wordmark.module.css';

// Two hands that meet, and an H.
export function Mark({size = 24}: {size?: number}) {
  return (
    <svg className={classes.mark} width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <path className={classes.one} d="M6 5v22M6 20c7.500 0 7.500-8 14-8" />
      <path className={classes.other} d="M26 5v22M26 12c-7.500 0-7.500 8-14 8" />
    </svg>
  );
}

export function Wordmark({large = false}: {large?: boolean}) {
  return (
    <span className={classes.wordmark} data-large={large || undefined}>
      <Mark size={large ? 40 : 24} />
      <span>Handschlag</span>
    </span>
  );
}
