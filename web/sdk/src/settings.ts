// What the script's own tag says: <script src="https://cx.example/sdk.js" data-key="hsw_...">.

// Only while the script runs for the first time; the tag is the only way in, so that a page needs no script of its own.
const tag = document.currentScript as HTMLScriptElement;

export const {key, language, theme, page} = tag.dataset;
export const {nonce} = tag;
// Where the script came from.
export const server = tag.src.replace(/\/sdk(\.js|\/[^/]*)([?#].*)?$/, '');

// 128 random bits. randomUUID() is missing on pages without TLS.
export const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
