// Who is signed in. Three states: nobody, somebody, and somebody whose session is over: their page stays as it is, with
// what they typed, until they have signed in again on top of it. Who signs out, or takes over from somebody else, begins
// with a new page: nothing of the one before is left in its memory.
import {useQueryClient} from '@tanstack/react-query';
import {createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState} from 'react';
import {api, Problem, type Schemas, setCsrfToken, setOnSignedOut, take} from '../api/client';
import {rolesOf} from '../api/roles';

type Member = Schemas['Member'];
type State = {phase: 'asking'} | {phase: 'nobody'} | {phase: 'unreachable'; problem: Problem} | {phase: 'in' | 'over'; member: Member; factorMissing: boolean};

function beginAnew() {
  sessionStorage.clear();
  window.location.replace('/');
}

interface SessionValue {
  state: State;
  signIn(login: string, password: string, code?: string): Promise<void>;
  signOut(): Promise<void>;
  signOutEverywhere(): Promise<void>;
  enter(session: Schemas['Session']): void; // that an operation answered
  changePassword(current: string, password: string): Promise<void>;
  ask(): void;
  refresh(): void; // the role or the unit may have changed
}

const Context = createContext<SessionValue | null>(null);

export function SessionProvider({children}: {children: ReactNode}) {
  const [state, setState] = useState<State>({phase: 'asking'});
  const queries = useQueryClient();

  const seenAs = useRef<string | null>(null); // what was fetched was fetched as that
  const enter = useCallback(
    (session: Schemas['Session']) => {
      const {id, role, unit} = session.member;
      const now = `${id} ${role} ${unit}`;
      if (seenAs.current !== null && seenAs.current !== now) void queries.resetQueries();
      seenAs.current = now;
      setCsrfToken(session.csrf_token);
      setState({phase: 'in', member: session.member, factorMissing: session.factor_missing});
    },
    [queries],
  );
  const refresh = useCallback(() => void take(api.GET('/api/v1/session')).then(enter, () => {}), [enter]);

  const ask = useCallback(() => {
    take(api.GET('/api/v1/session')).then(enter, (problem: Problem) => {
      setState(problem.status === 401 ? {phase: 'nobody'} : {phase: 'unreachable', problem});
    });
  }, [enter]);

  useEffect(() => {
    setOnSignedOut(() => setState(now => (now.phase === 'in' ? {...now, phase: 'over'} : now)));
    ask();
  }, [ask]);

  const value = useMemo<SessionValue>(
    () => ({
      state,
      ask,
      refresh,
      enter,
      async signIn(login, password, code) {
        const session = await take(api.POST('/api/v1/session', {body: {login, password, code}}));
        const before = state.phase === 'over' ? state.member.id : null;
        if (before !== null && before !== session.member.id) return beginAnew();
        enter(session);
        if (before !== null) void queries.invalidateQueries();
      },
      async signOut() {
        await take(api.DELETE('/api/v1/session')).catch((problem: Problem) => {
          if (problem.status !== 401) throw problem;
        });
        beginAnew();
      },
      async signOutEverywhere() {
        await take(api.DELETE('/api/v1/sessions'));
        beginAnew();
      },
      async changePassword(current, password) {
        enter(await take(api.PUT('/api/v1/session/password', {body: {current, password}})));
      },
    }),
    [state, ask, refresh, enter, queries],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useSession(): SessionValue {
  const value = useContext(Context);
  if (!value) throw new Error('useSession() outside of SessionProvider');
  return value;
}

export function useMember(): Member {
  const {state} = useSession();
  if (state.phase !== 'in' && state.phase !== 'over') throw new Error('useMember() where nobody is signed in');
  return state.member;
}

// Operations that only some roles may call.
export type Guarded = keyof typeof rolesOf;

export function may(role: Member['role'], operation: Guarded): boolean {
  return (rolesOf[operation] as readonly string[]).includes(role);
}

export function useMay(): (operation: Guarded) => boolean {
  const {role} = useMember();
  return useCallback(operation => may(role, operation), [role]);
}
