// What the server tells by itself: a stream that is taken up again when it breaks, later and later, and at once when
// somebody has signed in again.
import {useEffect, useRef, useState} from 'react';
import {useSession} from '../session/session';

export type StreamState = 'connecting' | 'live' | 'reconnecting';

const first = 1_000; // milliseconds until the first try to connect again
const longest = 30_000;
const silence = 30_000; // the server says something every ten seconds

interface Stream<T> {
  address: string;
  name: string; // of the messages
  onMessage: (message: T) => void;
  onBroken: () => void; // perhaps since the session is over: the page asks for something, and so finds out
}

export function useStream<T>({address, name, onMessage, onBroken}: Stream<T>): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const {state: session, refresh} = useSession();
  const {phase} = session;
  const handlers = useRef({onMessage, onBroken});
  handlers.current = {onMessage, onBroken};
  useEffect(() => {
    if (phase !== 'in') return setState('reconnecting');
    let stream: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let watch: ReturnType<typeof setTimeout> | undefined;
    let tries = 0;
    function close() {
      stream?.close();
      clearTimeout(timer);
      clearTimeout(watch);
    }
    function broken() {
      close();
      setState('reconnecting');
      handlers.current.onBroken();
      const wait = Math.min(longest, first * 2 ** tries);
      tries += 1;
      // Not all of them at the same moment, when a server has come back.
      timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
    }
    function alive() {
      tries = 0;
      setState('live');
      clearTimeout(watch);
      watch = setTimeout(broken, silence);
    }
    function open() {
      stream = new EventSource(address);
      stream.addEventListener(name, message => {
        alive();
        handlers.current.onMessage(JSON.parse((message as MessageEvent<string>).data) as T);
      });
      stream.addEventListener('beat', alive);
      stream.addEventListener('over', () => {
        refresh();
        broken();
      });
      stream.onerror = broken;
    }
    open();
    return close;
  }, [address, name, phase, refresh]);
  return state;
}
