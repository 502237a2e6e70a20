// From one page to the others that belong with it.
import {Link, type LinkProps} from '@tanstack/react-router';
import classes from './page-tabs.module.css';

export function PageTabs({label, tabs}: {label: string; tabs: readonly {to: LinkProps['to']; text: string}[]}) {
  return (
    <nav className={classes.tabs} aria-label={label}>
      {tabs.map(tab => (
        <Link key={tab.to} to={tab.to} className={classes.tab} activeOptions={{exact: true, includeSearch: false}}>
          {tab.text}
        </Link>
      ))}
    </nav>
  );
}
