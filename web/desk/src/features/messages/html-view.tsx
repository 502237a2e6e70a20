// The HTML of a mail, drawn without trusting it: a few tags become their like, a link shows where it leads and is none,
// and everything else is text.
import {createElement, type ReactNode} from 'react';

const kept = ['p', 'br', 'strong', 'b', 'em', 'i', 'u', 'ul', 'ol', 'li', 'blockquote', 'h1', 'h2', 'h3', 'hr', 'div', 'span', 'table', 'tbody', 'tr', 'td', 'th', 'code', 'pre', 'small'];
const alone = ['br', 'hr'];
const headings: Record<string, string> = {h1: 'p', h2: 'p', h3: 'p'}; // they are none of the page's

const names: Record<string, string> = {amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' '};

function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => names[name]!);
}

interface Open {
  tag: string;
  href?: string;
  children: ReactNode[];
}

function close({tag, href, children}: Open, key: number): ReactNode {
  if (tag === 'a') return <u key={key} title={href}>{children}</u>;
  return createElement(headings[tag] ?? tag, {key}, ...children);
}

export function HtmlView({html}: {html: string}) {
  const stack: Open[] = [{tag: 'div', children: []}];
  const top = () => stack.at(-1)!;
  const end = () => {
    const done = stack.pop()!;
    top().children.push(close(done, top().children.length));
  };
  for (const [, slash, name, attributes, text] of html.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>|([^<]+|<)/g)) {
    const tag = name?.toLowerCase();
    if (text !== undefined) {
      top().children.push(plain(text));
    } else if (!tag || (tag !== 'a' && !kept.includes(tag))) {
      continue;
    } else if (alone.includes(tag)) {
      top().children.push(createElement(tag, {key: top().children.length}));
    } else if (!slash) {
      stack.push({tag, href: /href="([^"]*)"/.exec(attributes ?? '')?.[1], children: []});
    } else if (stack.some((open, index) => index > 0 && open.tag === tag)) {
      while (top().tag !== tag) end();
      end();
    }
  }
  while (stack.length > 1) end();
  return <>{stack[0]!.children}</>;
}
