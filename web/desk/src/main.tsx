import '@fontsource-variable/figtree/wght.css';
import './theme/styles';
import {MantineProvider} from '@mantine/core';
import {Notifications} from '@mantine/notifications';
import {QueryClient, QueryClientProvider} from '@tanstack/react-query';
import {RouterProvider} from '@tanstack/react-router';
import {lazy, StrictMode, Suspense} from 'react';
import {createRoot} from 'react-dom/client';
import {Problem} from './api/client';
import {router} from './frame/router';
import {startLanguage} from './i18n';
import {Failed} from './parts/states';
import {SessionProvider, useSession} from './session/session';
import {theme} from './theme/theme';

// What few need is no part of the first load.
const FactorPage = lazy(() => import('./session/factor').then(module => ({default: module.FactorPage})));
const FirstPage = lazy(() => import('./session/first-page').then(module => ({default: module.FirstPage})));
const SignInPage = lazy(() => import('./session/sign-in').then(module => ({default: module.SignInPage})));

const firstPath = '/first';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // What the server refused, it refuses again; what it could not do, it may be able to.
      retry: (failures, error) => failures < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500),
    },
  },
});

function Desk() {
  const {state, ask} = useSession();
  switch (state.phase) {
    case 'asking':
      return null;
    case 'nobody':
      return window.location.pathname === firstPath && window.location.hash !== '' ? <FirstPage /> : <SignInPage />;
    case 'unreachable':
      return <Failed error={state.problem} retry={ask} />;
    default:
      return state.factorMissing ? <FactorPage /> : <RouterProvider router={router} />;
  }
}

await startLanguage();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        <SessionProvider>
          <Suspense fallback={null}>
            <Desk />
          </Suspense>
        </SessionProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
