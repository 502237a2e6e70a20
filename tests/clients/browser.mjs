// A browser to the libraries: a jsdom window whose names become globals, as they are in a page.
import {JSDOM} from 'jsdom';

export function openBrowser(url) {
  const page = '<!doctype html><html><head><script></script></head><body>shop</body></html>';
  const {window} = new JSDOM(page, {url, pretendToBeVisual: true});
  for (const name of Object.getOwnPropertyNames(window)) {
    if (name in globalThis && !['navigator', 'Event', 'CustomEvent', 'EventTarget'].includes(name)) continue;
    Object.defineProperty(globalThis, name, {get: () => window[name], configurable: true});
  }
  for (const name of ['window', 'self', 'top', 'parent']) {
    Object.defineProperty(globalThis, name, {value: window, configurable: true});
  }
  for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent']) {
    Object.defineProperty(globalThis, name, {value: window[name].bind(window), configurable: true});
  }
  window.fetch = globalThis.fetch;  // jsdom has none
}
