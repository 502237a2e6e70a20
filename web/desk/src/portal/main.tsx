// The customers' own page: an address, a code, and what they allowed.
import '@fontsource-variable/figtree/wght.css';
import './portal.css';
import {StrictMode} from 'react';
import {createRoot} from 'react-dom/client';
import {Portal} from './portal';

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Portal />
  </StrictMode>,
);
