// The overview as it is now: told by the server whenever a number changes.
import {useRef, useState} from 'react';
import {api, type Problem, type Schemas, take} from '../../api/client';
import {useStream} from '../../parts/stream';

export type Overview = Schemas['Overview'];
export type Span = Overview['span'];
export type Step = Overview['step'];

// Where somebody is, by their browser.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

// `groups`: of groups alone, which are told by the days of one zone.
export function useOverview(span: Span, step: Step, groups: boolean) {
  const [overview, setOverview] = useState<Overview | null>(null);
  const [error, setError] = useState<Problem | null>(null);
  const query = {span, step, zone: groups ? 'UTC' : zone};
  const wanted = useRef(query);
  wanted.current = query;
  const takeOver = (now: Overview) => {
    if (now.span !== wanted.current.span || now.step !== wanted.current.step) return; // came late
    setError(null);
    setOverview(now);
  };
  const fail = (problem: Problem) => {
    setError(problem);
    if (problem.status === 403) setOverview(null); // no longer theirs to see
  };
  const ask = () => void take(api.GET('/api/v1/overview', {params: {query}})).then(takeOver, fail);
  const state = useStream<Overview>({
    address: `/api/v1/overview/live?${new URLSearchParams(query)}`,
    name: 'overview',
    onMessage: takeOver,
    onBroken: ask,
  });
  return {overview, error, state, ask};
}
