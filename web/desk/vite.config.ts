import react from '@vitejs/plugin-react';
import {readFileSync} from 'node:fs';
import {defineConfig} from 'vite';

// `npm run dev` serves the pages with what you are writing, beside a binary that runs: its API is at the same origin.
const server = process.env.HANDSCHLAG_URL ?? 'http://127.0.0.1:8080';

// The API's description carries the project's version.
const {info} = JSON.parse(readFileSync('../../api/openapi.json', 'utf8')) as {info: {version: string}};

export default defineConfig({
  define: {__VERSION__: JSON.stringify(info.version)},
  plugins: [react()],
  server: {proxy: {'/api': server, '/readyz': server}},
  build: {
    target: 'es2023',
    assetsInlineLimit: 0, // the policy allows no data: URLs
    modulePreload: {polyfill: false},
    emptyOutDir: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
    // What most pages share comes in one file instead of fifty.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {name: 'kit', test: /node_modules/, minShareCount: 8},
            {name: 'parts', test: /[\\/]src[\\/](api|i18n[\\/](index|format)|parts|session|theme)/, minShareCount: 3},
          ],
        },
      },
    },
  },
});
