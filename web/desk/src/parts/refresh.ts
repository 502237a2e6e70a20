// Asks anew when something has arrived, but not more often than the numbers can be of use, and only while somebody is
// there: each request is a use of the session, which a page left open must not keep alive.
import {useEffect, useRef} from 'react';

const pause = 5_000; // milliseconds
const idle = 300_000;

// When somebody last moved a pointer or pressed a key.
export function useLastSign() {
  const last = useRef(Date.now());
  useEffect(() => {
    const note = () => {
      last.current = Date.now();
    };
    for (const name of ['pointermove', 'keydown'] as const) window.addEventListener(name, note, {passive: true});
    return () => {
      for (const name of ['pointermove', 'keydown'] as const) window.removeEventListener(name, note);
    };
  }, []);
  return last;
}

// `of`: what is shown; with something else everything is fresh. `changed`: differs once something has arrived.
export function useRefresh(of: string, changed: string, ask: () => void) {
  const fresh = useRef({of, changed});
  const asked = useRef(Date.now());
  const sign = useLastSign();
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    if (fresh.current.of !== of) {
      fresh.current = {of, changed};
      asked.current = Date.now();
    }
    if (fresh.current.changed === changed) return;
    // What came last within the pause is asked for after it.
    const timer = setTimeout(() => {
      fresh.current = {of, changed};
      if (Date.now() - sign.current > idle) return;
      asked.current = Date.now();
      latest.current();
    }, Math.max(0, asked.current + pause - Date.now()));
    return () => clearTimeout(timer);
  }, [of, changed, sign]);
}
