// Sends a file part after part, and keeps what became of each line. What was sent before adds nothing, so a run that
// ended early goes on, or begins again.
import {useEffect, useRef, useState} from 'react';
import {api, Problem, take} from '../../api/client';
import {type ConsentFile, type Part, partsOf} from './import-file';

const linesOfPart = 500; // a second or so
const linesOfCheck = 2_000; // as many as may be: a part does not know what another would bring
const mostTries = 5;
const mostOfText = 1024 * 1024; // characters

export interface LineResult {
  line: number;
  outcome: 'taken' | 'there_already' | 'refused';
  statement: string;
  strength: string;
  field: string;
  reason: string;
}

export interface Run {
  dry: boolean;
  file: ConsentFile;
  source: string;
  state: 'running' | 'done' | 'stopped' | 'failed';
  sent: number; // lines
  taken: number;
  thereAlready: number;
  refused: number;
  made: number;
  gaps: number;
  error: unknown;
}

const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000));

// A line so long that the server would refuse all that comes with it: it is a part of its own, and stays here.
const tooLong = {
  taken: 0,
  there_already: 0,
  refused: 1,
  made: 0,
  proof_gaps: 0,
  lines: [{outcome: 'refused' as const, statement: null, strength: null, field: 'line', reason: 'record_too_long'}],
};

async function send(run: Run, part: Part, stopped: () => boolean) {
  if (part.text.length > mostOfText) return {...tooLong, lines: tooLong.lines.map(each => ({...each, line: run.file.format === 'csv' ? 2 : 1}))};
  for (let tries = 1; ; tries++) {
    try {
      return await take(api.POST('/api/v1/consents/import', {body: {source: run.source, format: run.file.format, text: part.text, dry_run: run.dry}}));
    } catch (error) {
      const busy = error instanceof Problem && (error.status === 429 || error.status === 503);
      if (!busy || tries === mostTries || stopped()) throw error;
      await pause(error.retryAfter ?? 1);
    }
  }
}

export function useRun() {
  const [run, setRun] = useState<Run | null>(null);
  const parts = useRef<Iterator<Part>>(null);
  const waiting = useRef<Part>(null); // taken from the file, and not answered for yet
  const results = useRef<LineResult[]>([]);
  const stopped = useRef(false);
  useEffect(
    () => () => {
      stopped.current = true;
    },
    [],
  );

  async function goOn(before: Run) {
    stopped.current = false;
    let now: Run = {...before, state: 'running', error: null};
    setRun(now);
    try {
      while (!stopped.current) {
        waiting.current ??= parts.current?.next().value ?? null;
        const part = waiting.current;
        if (!part) break;
        const report = await send(now, part, () => stopped.current);
        waiting.current = null;
        for (const each of report.lines) {
          results.current.push({line: each.line + part.offset, outcome: each.outcome, statement: each.statement ?? '', strength: each.strength ?? '', field: each.field ?? '', reason: each.reason ?? ''});
        }
        now = {
          ...now,
          sent: now.sent + part.count,
          taken: now.taken + report.taken,
          thereAlready: now.thereAlready + report.there_already,
          refused: now.refused + report.refused,
          made: now.made + report.made,
          gaps: now.gaps + report.proof_gaps,
        };
        setRun(now);
      }
      setRun({...now, state: now.sent >= now.file.count ? 'done' : 'stopped'});
    } catch (error) {
      setRun({...now, state: 'failed', error});
    }
  }

  return {
    run,
    results,
    start(file: ConsentFile, source: string, dry: boolean) {
      parts.current = partsOf(file, dry ? linesOfCheck : linesOfPart);
      waiting.current = null;
      results.current = [];
      void goOn({dry, file, source, state: 'running', sent: 0, taken: 0, thereAlready: 0, refused: 0, made: 0, gaps: 0, error: null});
    },
    goOn: (before: Run) => void goOn(before),
    stop() {
      stopped.current = true;
    },
    clear() {
      stopped.current = true;
      results.current = [];
      setRun(null);
    },
  };
}

function cell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text; // programs for tables would reckon
  return /[",\n\r]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

// What became of each line, without anything that it says.
export function resultsAsCsv(results: LineResult[]): string {
  const rows = results.map(each => [String(each.line), each.outcome, each.statement, each.strength, each.field, each.reason].map(cell).join(','));
  return ['line,outcome,statement,strength,field,reason', ...rows, ''].join('\n');
}

export function save(name: string, text: string) {
  const url = URL.createObjectURL(new Blob([text], {type: 'text/csv;charset=utf-8'}));
  Object.assign(document.createElement('a'), {href: url, download: name}).click();
  URL.revokeObjectURL(url);
}
