import react from '@vitejs/plugin-react';
import {defineConfig} from 'vite';

// The customers' page is built apart from the desk: it shares no file with it, so that a telephone loads little.
const server = process.env.HANDSCHLAG_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  server: {proxy: {'/api': server}, open: '/me.html'},
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the policy allows no data: URLs
    modulePreload: {polyfill: false},
    emptyOutDir: true,
    reportCompressedSize: false,
    rolldownOptions: {input: 'me.html'},
  },
});
