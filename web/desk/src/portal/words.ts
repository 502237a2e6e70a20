// What the page says. Both languages load with it: they are small, and whoever switches waits for nothing.
export type Language = 'de' | 'en';

const en = {
  title: 'Your choice',
  language: 'Language',
  signOut: 'Sign out',
  lead: 'See what you allowed us to do with your e-mail address, and change it at any time. We send you a code; you need no account.',
  address: 'Your e-mail address',
  send: 'Send me a code',
  sending: 'Sending …',
  privacy: 'Every address gets the same mail, whether or not we know it.',
  mailbox: 'Look into your mailbox',
  sent: (address: string) => `A message with a code of eight digits is on its way to ${address}. It takes a minute at most.`,
  filled: 'The code from your mail is filled in. Which address did it reach?',
  code: 'Code',
  codeHint: 'Good for 15 minutes, and once. Look into the junk folder, too.',
  open: 'Open',
  opening: 'Opening …',
  again: 'Send a new code',
  other: 'Another address',
  for: 'For',
  unknownTitle: 'Nothing is stored under this address',
  unknown: 'We know nobody by it, so there is nothing to allow here. You can still tell us never to advertise to it: we keep only a fingerprint of the address for that, which nobody can read.',
  nothingTitle: 'Nothing to decide here at present',
  nothing: 'Beyond what stands below, we ask for no consent.',
  benefit: 'What you get for it',
  more: 'Who receives data, and for how long',
  recipients: 'Who receives data',
  nobody: 'Nobody but us',
  categories: 'Which data',
  retention: 'How long we keep it',
  unsaid: 'Ask us; it is not said here.',
  notice: 'What you say yes to',
  back: 'How to take it back',
  closed: 'We do not ask for this at present, so it can only be switched off.',
  on: 'On',
  off: 'Off',
  since: (day: string) => `since ${day}`,
  until: (day: string) => `until ${day}`,
  expired: 'Ended, since its time is over',
  never: 'You never allowed it',
  allTitle: 'All advertising',
  all: 'Ends advertising, surveys and profiles for offers by every way, also by telephone and letter, and takes back whatever you allowed above. It costs you nothing else: your orders and our service go on.',
  allDo: 'End all advertising',
  allDone: 'You have ended all advertising. You can allow single things again above.',
  allDoneUnknown: 'This address gets no advertising from us.',
  history: 'What was said',
  older: 'Older',
  historyEmpty: 'Nothing was said for this address yet.',
  receipt: 'Receipt',
  receiptOf: (what: string) => `Receipt: ${what}`,
  newTab: '(opens in a new tab)',
  undo: 'Undo',
  close: 'Close',
  saved: {
    given: (what: string) => `Saved. “${what}” is on now.`,
    no: (what: string) => `Saved. “${what}” is off now.`,
    all: 'Saved. All advertising has ended.',
    undone: 'Undone.',
    held: 'Noted. But an earlier no stands against it: at another address of yours, or in another country. Please write to us.',
  },
  phones: 'Not shown here: what you allowed for telephone numbers. A mailbox does not tell whose number that is. Ending all advertising ends that, too.',
  shared: 'Whoever reads this mailbox can open this page. So it shows no name and no order.',
  ends: 'This page closes after 15 minutes without use.',
  retry: 'Try again',
  errors: {
    address: 'This is no e-mail address. Write it like name@example.org.',
    code_wrong: 'This is not the code of the newest mail. Look again, or ask for a new one.',
    code_expired: 'This code is too old. Ask for a new one.',
    code_used_up: 'This code was tried too often. Ask for a new one.',
    codes_too_many: 'Too many codes were tried from here. Wait a little, and ask for a new one then.',
    mail_missing: 'No mail can be sent from here at present. Please write to us instead.',
    session_invalid: 'You were signed out, since nothing happened for a while. Ask for a new code.',
    notice_changed: 'The text was changed meanwhile, and nothing was saved. Here is the new one; please decide again.',
    statements_too_many: 'That was very much in a short time. Wait a little, and try again.',
    unreachable: 'No connection. Nothing was saved; look whether you are online, and try again.',
    other: 'That did not work, and nothing was saved. Please try again in a minute.',
  },
  channels: {none: 'This use of your data', email: 'By e-mail', post: 'By letter', push: 'By notifications of the app', web: 'On our pages', social: 'In social networks', sms: 'By text message', phone: 'By telephone'},
  acts: {requested: 'waits for your confirmation', given: 'allowed', renewed: 'allowed again', refused: 'refused', withdrawn: 'taken back', objected: 'objected'},
  everyWay: 'every way',
  ways: {form: 'by a form', banner: 'by the banner of a page', preference_centre: 'on this page', mail_link: 'by the link in a message', phone: 'on the phone', in_person: 'in person', paper: 'on paper', imported: 'taken over from another system', browser_signal: 'by a signal of the browser', message: 'in a message to us'},
  units: {hours: ['hour', 'hours'], days: ['day', 'days'], working_days: ['working day', 'working days'], months: ['month', 'months'], years: ['year', 'years']},
  sinces: {collected: 'after collection', last_use: 'after the last use', contract_end: 'after the end of the contract', case_closed: 'after the case is closed', consent_end: 'after you took it back or it ended'},
};

export type Words = typeof en;

const de: Words = {
  title: 'Ihre Entscheidung',
  language: 'Sprache',
  signOut: 'Abmelden',
  lead: 'Sehen Sie, was Sie uns für Ihre E-Mail-Adresse erlaubt haben, und ändern Sie es jederzeit. Wir schicken Ihnen einen Code; ein Konto brauchen Sie nicht.',
  address: 'Ihre E-Mail-Adresse',
  send: 'Code schicken',
  sending: 'Wird geschickt …',
  privacy: 'Jede Adresse bekommt dieselbe Nachricht, ob wir sie kennen oder nicht.',
  mailbox: 'Schauen Sie in Ihr Postfach',
  sent: address => `Eine Nachricht mit einem Code aus acht Ziffern ist unterwegs an ${address}. Das dauert höchstens eine Minute.`,
  filled: 'Der Code aus Ihrer Nachricht ist schon eingetragen. An welche Adresse kam er?',
  code: 'Code',
  codeHint: 'Gilt 15 Minuten und nur einmal. Schauen Sie auch in den Spam-Ordner.',
  open: 'Öffnen',
  opening: 'Wird geöffnet …',
  again: 'Neuen Code schicken',
  other: 'Andere Adresse',
  for: 'Für',
  unknownTitle: 'Unter dieser Adresse ist nichts gespeichert',
  unknown: 'Wir kennen niemanden mit dieser Adresse, also gibt es hier nichts zu erlauben. Sie können uns trotzdem sagen, dass sie nie Werbung bekommen soll: Dafür behalten wir nur einen Fingerabdruck der Adresse, den niemand lesen kann.',
  nothingTitle: 'Hier ist zurzeit nichts zu entscheiden',
  nothing: 'Um mehr als das, was weiter unten steht, bitten wir Sie zurzeit nicht.',
  benefit: 'Was Sie davon haben',
  more: 'Wer Daten bekommt und wie lange',
  recipients: 'Wer Daten bekommt',
  nobody: 'Niemand außer uns',
  categories: 'Welche Daten',
  retention: 'Wie lange wir sie behalten',
  unsaid: 'Fragen Sie uns; hier steht es nicht.',
  notice: 'Wozu Sie Ja sagen',
  back: 'So nehmen Sie es zurück',
  closed: 'Danach fragen wir zurzeit nicht, es lässt sich also nur ausschalten.',
  on: 'An',
  off: 'Aus',
  since: day => `seit ${day}`,
  until: day => `bis ${day}`,
  expired: 'Beendet, weil die Zeit abgelaufen ist',
  never: 'Das haben Sie nie erlaubt',
  allTitle: 'Alle Werbung',
  all: 'Beendet Werbung, Umfragen und Profile für Angebote auf jedem Weg, auch am Telefon und per Brief, und nimmt zurück, was Sie oben erlaubt haben. Sonst ändert sich für Sie nichts: Bestellungen und Service laufen weiter.',
  allDo: 'Alle Werbung beenden',
  allDone: 'Sie haben alle Werbung beendet. Einzelnes können Sie oben wieder erlauben.',
  allDoneUnknown: 'Diese Adresse bekommt keine Werbung von uns.',
  history: 'Was gesagt wurde',
  older: 'Ältere',
  historyEmpty: 'Für diese Adresse wurde noch nichts gesagt.',
  receipt: 'Beleg',
  receiptOf: what => `Beleg: ${what}`,
  newTab: '(öffnet einen neuen Tab)',
  undo: 'Rückgängig',
  close: 'Schließen',
  saved: {
    given: what => `Gespeichert. „${what}“ ist jetzt an.`,
    no: what => `Gespeichert. „${what}“ ist jetzt aus.`,
    all: 'Gespeichert. Alle Werbung ist beendet.',
    undone: 'Rückgängig gemacht.',
    held: 'Notiert. Ein früheres Nein steht aber noch dagegen: an einer anderen Adresse von Ihnen oder in einem anderen Land. Bitte schreiben Sie uns.',
  },
  phones: 'Hier nicht zu sehen: was Sie für Telefonnummern erlaubt haben. Ein Postfach sagt nicht, wessen Nummer das ist. Wer alle Werbung beendet, beendet auch das.',
  shared: 'Wer dieses Postfach liest, kann diese Seite öffnen. Deshalb stehen hier kein Name und keine Bestellung.',
  ends: 'Diese Seite schließt sich nach 15 Minuten ohne Nutzung.',
  retry: 'Noch einmal versuchen',
  errors: {
    address: 'Das ist keine E-Mail-Adresse. Schreiben Sie sie wie name@example.org.',
    code_wrong: 'Das ist nicht der Code der neuesten Nachricht. Schauen Sie noch einmal nach, oder lassen Sie sich einen neuen schicken.',
    code_expired: 'Dieser Code ist zu alt. Lassen Sie sich einen neuen schicken.',
    code_used_up: 'Dieser Code wurde zu oft versucht. Lassen Sie sich einen neuen schicken.',
    codes_too_many: 'Von hier wurden zu viele Codes versucht. Warten Sie etwas, und lassen Sie sich dann einen neuen schicken.',
    mail_missing: 'Von hier kann zurzeit keine Nachricht geschickt werden. Bitte schreiben Sie uns stattdessen.',
    session_invalid: 'Sie wurden abgemeldet, weil eine Weile nichts geschah. Lassen Sie sich einen neuen Code schicken.',
    notice_changed: 'Der Text wurde inzwischen geändert, gespeichert wurde nichts. Hier ist der neue; bitte entscheiden Sie noch einmal.',
    statements_too_many: 'Das war sehr viel in kurzer Zeit. Warten Sie etwas, und versuchen Sie es noch einmal.',
    unreachable: 'Keine Verbindung. Gespeichert wurde nichts; schauen Sie, ob Sie online sind, und versuchen Sie es noch einmal.',
    other: 'Das hat nicht geklappt, gespeichert wurde nichts. Bitte versuchen Sie es in einer Minute noch einmal.',
  },
  channels: {none: 'Diese Nutzung Ihrer Daten', email: 'Per E-Mail', post: 'Per Brief', push: 'Per Mitteilung der App', web: 'Auf unseren Seiten', social: 'In sozialen Netzwerken', sms: 'Per SMS', phone: 'Am Telefon'},
  acts: {requested: 'wartet auf Ihre Bestätigung', given: 'erlaubt', renewed: 'noch einmal erlaubt', refused: 'abgelehnt', withdrawn: 'zurückgenommen', objected: 'widersprochen'},
  everyWay: 'jeder Weg',
  ways: {form: 'über ein Formular', banner: 'über den Hinweis einer Seite', preference_centre: 'auf dieser Seite', mail_link: 'über den Link in einer Nachricht', phone: 'am Telefon', in_person: 'persönlich', paper: 'auf Papier', imported: 'aus einem anderen System übernommen', browser_signal: 'durch ein Signal des Browsers', message: 'in einer Nachricht an uns'},
  units: {hours: ['Stunde', 'Stunden'], days: ['Tag', 'Tage'], working_days: ['Arbeitstag', 'Arbeitstage'], months: ['Monat', 'Monate'], years: ['Jahr', 'Jahre']},
  sinces: {collected: 'nach der Erhebung', last_use: 'nach der letzten Nutzung', contract_end: 'nach dem Ende des Vertrags', case_closed: 'nach dem Abschluss des Vorgangs', consent_end: 'nachdem Sie es zurückgenommen haben oder es endete'},
};

export const words: Record<Language, Words> = {de, en};

const kept = 'handschlag.me.language';

export function firstLanguage(): Language {
  const wanted = [sessionStorage.getItem(kept), ...navigator.languages].map(name => name?.slice(0, 2));
  return wanted.find(name => name === 'de' || name === 'en') as Language | undefined ?? 'en';
}

export const keepLanguage = (language: Language) => sessionStorage.setItem(kept, language);

// What a person can do about it.
export function errorText(t: Words, code: string): string {
  return code === 'fields_invalid' ? t.errors.address : (t.errors[code as keyof Words['errors']] ?? t.errors.other);
}

// The names of purposes stand in the middle of sentences elsewhere.
export const title = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function day(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {dateStyle: 'long'}).format(new Date(iso));
}

export function moment(iso: string, language: Language): string {
  return new Intl.DateTimeFormat(language === 'de' ? 'de-DE' : 'en-GB', {dateStyle: 'long', timeStyle: 'short'}).format(new Date(iso));
}

export function country(code: string, language: Language): string {
  return new Intl.DisplayNames([language], {type: 'region'}).of(code) ?? code;
}
