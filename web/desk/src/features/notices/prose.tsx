// The text of a notice: empty lines between paragraphs, "- " before items, **bold**. Nothing else means anything.
import type {ReactNode} from 'react';

function bold(line: string): ReactNode[] {
  return line.split(/\*\*([^*]+)\*\*/).map((part, index) => (index % 2 === 1 ? <strong key={index}>{part}</strong> : part));
}

export function Prose({text}: {text: string}) {
  const blocks = text.trim().split(/\n\s*\n/).filter(Boolean);
  return blocks.map((block, index) => {
    const lines = block.split('\n');
    if (lines.every(line => line.startsWith('- '))) {
      return (
        <ul key={index}>
          {lines.map((line, at) => (
            <li key={at}>{bold(line.slice(2))}</li>
          ))}
        </ul>
      );
    }
    return (
      <p key={index}>
        {lines.map((line, at) => (
          <span key={at}>
            {at > 0 && <br />}
            {bold(line)}
          </span>
        ))}
      </p>
    );
  });
}
