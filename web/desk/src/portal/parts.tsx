import {type ReactNode, useEffect, useRef} from 'react';

// What went wrong, or right; read out when it appears.
export function Message({tone, children}: {tone: 'bad' | 'plain'; children: ReactNode}) {
  return (
    <div className={`message ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

// The heading of a step: whoever gets there by keyboard or screen reader begins with it.
export function Heading({children}: {children: ReactNode}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({preventScroll: true}), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}

function bold(text: string): ReactNode[] {
  return text.split(/\*\*(.+?)\*\*/g).map((part, at) => (at % 2 ? <strong key={at}>{part}</strong> : part));
}

// A notice's text: paragraphs with empty lines between them, "- " before items, **bold**.
export function Prose({text, lang}: {text: string; lang?: string}) {
  return (
    <div className="prose" lang={lang}>
      {text.split(/\n\s*\n/).map((part, at) => {
        const lines = part.split('\n');
        return lines.every(line => line.startsWith('- ')) ? (
          <ul key={at}>
            {lines.map((line, item) => (
              <li key={item}>{bold(line.slice(2))}</li>
            ))}
          </ul>
        ) : (
          <p key={at}>{bold(part)}</p>
        );
      })}
    </div>
  );
}
