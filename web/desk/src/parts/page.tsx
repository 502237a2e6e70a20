// A page's frame: its heading, which takes the focus when the page is opened so that readers of screens hear where they
// are, and the title of the window.
import {type ReactNode, useEffect, useRef} from 'react';
import classes from './page.module.css';

let pagesOpened = 0;

interface PageProps {
  title: string;
  // Of the window, which the browser's history and shared screens show: where the title names somebody.
  windowTitle?: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({title, windowTitle = title, lead, actions, children}: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${windowTitle} – Handschlag`;
  }, [windowTitle]);
  useEffect(() => {
    pagesOpened += 1;
    if (pagesOpened > 1) heading.current?.focus({preventScroll: true});
  }, []);
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div className={classes.words}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <div className={classes.lead}>{lead}</div>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Section({title, actions, children, hint}: {title: string; actions?: ReactNode; children: ReactNode; hint?: ReactNode}) {
  return (
    <section className="card">
      <div className={classes.sectionHead}>
        <div>
          <h2>{title}</h2>
          {hint && <p className="soft small">{hint}</p>}
        </div>
        {actions && <div className={classes.actions}>{actions}</div>}
      </div>
      {children}
    </section>
  );
}
