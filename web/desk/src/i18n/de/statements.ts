import type {statements as english} from '../en/statements';

// Suchen, was gesagt wurde.
export const statements: typeof english = {
  statements: {
    lead: 'Was Menschen zur Nutzung ihrer Daten gesagt haben, über alle hinweg: Ja oder Nein, auf welchem Weg und zu welchem Hinweis.',
    bring: 'Einwilligungen mitbringen',
    about: 'Wofür',
    any: 'Alle',
    version: 'Fassung',
    from: 'Gesagt ab',
    until: 'bis',
    wrongDays: 'Darf nicht vor dem ersten Tag liegen.',
    region: 'Region',
    homeRegion: 'Heimatregion',
    search: 'Suchen',
    reset: 'Zurücksetzen',
    written: 'Wer gefunden wird, kann selbst nachlesen, dass Sie gesucht haben.',
    found: 'Gefundene Aussagen',
    shown_one: '{{count}} Aussage.',
    shown_other: '{{count}} Aussagen.',
    withheld_one: '{{count}} weitere gehört jemandem, den Sie nicht ansehen dürfen.',
    withheld_other: '{{count}} weitere gehören Menschen, die Sie nicht ansehen dürfen.',
    notAll: 'Ältere wurden noch nicht durchsucht.',
    more: 'Ältere durchsuchen',
    toCustomer: 'Zur Person',
  },
};
