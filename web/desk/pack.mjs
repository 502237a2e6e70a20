// Packs what Vite built into one file for the binary: pack.mjs PACK FOLDER ... LIBRARY. Files of one name are the same, since it
// holds a digest of what they contain. src/app/pages.cc reads it.
import {createHash} from 'node:crypto';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {basename, extname, join} from 'node:path';
import {brotliCompressSync, constants, gzipSync} from 'node:zlib';

const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const [pack, ...folders] = process.argv.slice(2);
const library = folders.pop();
const chunks = [];
let end = 0;

function add(bytes) {
  chunks.push(bytes);
  end += bytes.length;
  return [end - bytes.length, bytes.length];
}

function entry(path) {
  const type = TYPES[extname(path)];
  if (!type) throw new Error(`${path}: of no type that is known here`);
  const bytes = readFileSync(path);
  const digest = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  const common = {name: basename(path), type, digest, size: bytes.length};
  if (type.startsWith('font/')) return {...common, plain: add(bytes)};
  const brotli = brotliCompressSync(bytes, {params: {[constants.BROTLI_PARAM_QUALITY]: 11}});
  return {...common, gzip: add(gzipSync(bytes, {level: 9})), brotli: add(brotli)};
}

const files = folders.flatMap(folder => [
  ...readdirSync(folder).filter(name => name.endsWith('.html')).map(name => join(folder, name)),
  ...readdirSync(join(folder, 'assets')).sort().map(name => join(folder, 'assets', name)),
]);
const paths = [...new Map(files.map(path => [basename(path), path])).values(), library];
const list = Buffer.from(JSON.stringify(paths.map(entry)));
writeFileSync(pack, Buffer.concat([Buffer.from(String(list.length).padStart(8, '0')), list, ...chunks]));
