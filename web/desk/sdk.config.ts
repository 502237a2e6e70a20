// Builds ../sdk, the library for other people's pages, into one script: `npm run build:sdk`. It stands here since the
// tools are installed here.
import {readFileSync} from 'node:fs';
import {defineConfig} from 'vite';

const {info} = JSON.parse(readFileSync('../../api/openapi.json', 'utf8')) as {info: {version: string}};

export default defineConfig({
  define: {__VERSION__: JSON.stringify(info.version)},
  build: {
    target: 'es2022',
    lib: {entry: '../sdk/src/main.ts', formats: ['iife'], name: '_', fileName: () => 'sdk.js'},
    emptyOutDir: true,
    reportCompressedSize: false,
  },
});
