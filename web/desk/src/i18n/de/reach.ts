import type {reach as english} from '../en/reach';

// Wie viele Menschen angesprochen werden dürfen.
export const reach: typeof english = {
  reach: {
    title: 'Reichweite',
    lead: 'Wie viele Menschen angesprochen werden dürfen, und was bei den übrigen dagegen spricht. Geprüft wurde bei jedem wie vor einer Nachricht. Gruppen von weniger als {{count}} Menschen werden nicht gezeigt.',
    purpose: 'Wofür',
    counting: 'Es wird gerade neu gezählt.',
    countedAt: 'Gezählt:',
    countAnew: 'Neu zählen',
    notCounted: 'Noch nicht gezählt',
    notCountedHint: 'Gezählt wird einmal am Tag und auf Wunsch. Bei vielen Menschen dauert das eine Weile; die Zahlen erscheinen hier von selbst.',
    nobody: 'Niemand zu zeigen',
    nobodyHint: 'Entweder nennt keine Quelle diesen Zweck, oder es sind weniger als {{count}} Menschen bekannt.',
    several: 'Länder mit wenigen Menschen',
    unknownCountry: 'Land unbekannt',
    reachable: '{{reachable}} von {{people}} sind erreichbar',
    fewReachable: 'von {{people}}; wie viele erreichbar sind, bleibt wegen zu kleiner Gruppen ungenannt',
    why: 'Was bei den übrigen dagegen spricht',
    try: 'Nachsehen, nach welchem Recht',
    reasons: {
      no_address: 'Für diesen Weg ist keine Adresse bekannt',
      unreachable: 'E-Mails an die Adresse kamen zurück',
      too_often: 'Sie wurden oft genug angeschrieben',
      no_way_to_unsubscribe: 'Niemand kann sich abmelden: mail.base_url fehlt oder beginnt nicht mit https://',
      other: 'Weitere Gründe, jeweils bei wenigen Menschen',
    },
  },
};
