// The question, in a shadow tree of its own: no style or script of the page is needed or touched. First a sheet that
// leaves the page usable and takes no focus; to choose, a dialog that keeps it.
import {due, preferences, signal, texts, type Category} from './consent';
import {theme} from './settings';
import {style} from './style';

type Child = Node | string | false | undefined;
type Use = Category['uses'][number];
type Notice = Category['notices'][number];

// Told what was wanted of each category.
export type Decide = (wanted: (category: Category) => boolean) => void;

let host: HTMLElement | undefined;
let dialog: HTMLDialogElement;
let decide: Decide;

function make<K extends keyof HTMLElementTagNameMap>(name: K, look: string, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (look) element.className = look;
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

const word = (name: string) => texts!.words[name] ?? name;

function button(name: string, act: () => void) {
  const element = make('button', '', word(name));
  element.type = 'button';
  element.onclick = act;
  return element;
}

function recipientsOf(use: Use) {
  const countries = new Intl.DisplayNames(texts!.language, {type: 'region'});
  return use.recipients.map(each => `${each.name} (${countries.of(each.country)}, ${each.role})`).join('; ') || word('nobody');
}

function tellUse(use: Use) {
  const facts = make('dl', '');
  const fact = (name: string, text: string) => text && facts.append(make('dt', '', word(name)), make('dd', '', text));
  fact('benefit', use.benefit);
  fact('recipients', recipientsOf(use));
  fact('retention', use.retention);
  return [make('p', '', use.description), facts];
}

// **bold** is the only mark in a text that is not plain anyway.
const marked = (text: string) => text.split('**').map((part, place) => (place % 2 ? make('b', '', part) : part));

function tellNotice(notice: Notice) {
  const out = make('div', '', make('q', '', notice.declaration), make('p', 'text', ...marked(notice.text)), make('p', 'text', notice.withdrawal));
  out.lang = notice.language;
  return out;
}

function tellCategory(category: Category, box?: HTMLInputElement) {
  const refused = category.signal && signal();
  const name = make('b', '', category.title);
  if (box) {
    box.type = 'checkbox';
    box.checked = !!preferences()[category.name];
    box.disabled = refused;
  }
  return make(
    'li',
    '',
    box ? make('label', '', box, name) : name,
    refused && make('p', 'note', word('signal')),
    ...category.uses.flatMap(tellUse),
    make('details', '', make('summary', '', word('details')), ...category.notices.map(tellNotice)),
  );
}

// So that what has the focus is not behind the sheet.
function leaveRoom() {
  document.documentElement.style.scrollPaddingBottom = dialog.open && !dialog.matches(':modal') ? dialog.offsetHeight + 'px' : '';
}

function close() {
  dialog.close();
  leaveRoom();
  removeEventListener('resize', leaveRoom);
  host!.remove();
  host = undefined;
}

function answer(wanted: (category: Category) => boolean) {
  close();
  decide(wanted);
}

function draw(choosing: boolean) {
  const {categories, language} = texts!;
  const boxes = new Map(categories.map(category => [category, make('input', '')]));
  const title = make('p', 'title', word('title'));
  const intro = make('p', 'quiet', word('intro'));
  title.id = 'title';
  intro.id = 'intro';
  const list = make('ul', '', ...categories.map(category => tellCategory(category, choosing ? boxes.get(category) : undefined)));
  list.setAttribute('role', 'list'); // a list without bullets is none to some readers
  const both = [button('no', () => answer(() => false)), button('yes', () => answer(() => true))];
  // Neither has the better place: they change it from day to day.
  if (new Date().getDate() % 2) both.reverse();
  const third = choosing ? button('save', () => answer(category => boxes.get(category)!.checked)) : button('choose', () => draw(true));
  const parts: Node[] = [make('div', 'body', title, intro, list), make('div', 'buttons', ...both, third)];
  if (choosing) {
    const end = button('close', back);
    end.className = 'close';
    end.ariaLabel = end.textContent;
    end.textContent = '×';
    parts.unshift(end);
  }
  dialog.close();
  dialog.lang = language;
  dialog.replaceChildren(...parts);
  if (choosing) dialog.showModal();
  else dialog.open = true; // show() would take the focus
  leaveRoom();
}

// Out of choosing, without an answer.
function back() {
  if (due()) draw(false);
  else close();
}

export function show(choosing: boolean, then: Decide) {
  if (!texts?.categories.length) return;
  decide = then;
  if (!host) {
    host = document.createElement('handschlag-consent');
    if (theme) host.style.colorScheme = theme;
    else host.style.colorScheme = 'light dark';
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    const root = host.attachShadow({mode: 'open'});
    root.adoptedStyleSheets = [sheet];
    dialog = make('dialog', '');
    dialog.setAttribute('aria-labelledby', 'title');
    dialog.setAttribute('aria-describedby', 'intro');
    dialog.oncancel = event => {
      event.preventDefault();
      back();
    };
    root.append(dialog);
    document.body.prepend(host); // the first that is reached by Tab
    addEventListener('resize', leaveRoom);
  }
  if (!choosing || !dialog.matches(':modal')) draw(choosing);
}

export const hide = () => host && close();
