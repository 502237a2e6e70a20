// Whom a rule concerns: the people known in a country, and those who may be contacted today, as reach counted them.
import {useQueries} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {useMay} from '../../session/session';
import {type Channel, type Place, type Topic, useLaw} from './queries';

const counted = {advertising: 'DirectMarketing', survey: 'SatisfactionSurvey'} as const;

// Of a country everything within it, of a group its countries.
export function countriesWithin(places: readonly Place[], code: string): string[] {
  const parts = places.filter(place => place.within === code);
  return [code, ...parts.flatMap(part => countriesWithin(places, part.code))];
}

function groupsOf(reach: Schemas['Reach'], channel: string, countries: readonly string[]) {
  const groups = reach.channels.find(each => each.channel === channel)?.groups ?? [];
  return groups.filter(group => group.country !== null && countries.includes(group.country));
}

// A sentence about those in some countries; undefined where the reader may not know, or nobody was counted yet.
export function usePeopleThere(): (topic: Topic, channels: readonly (Channel | null)[], countries: readonly string[]) => string | undefined {
  const {t} = useTranslation();
  const format = useFormats();
  const may = useMay();
  const law = useLaw();
  const purposes = [...new Set(Object.values(counted))];
  const reach = useQueries({
    queries: purposes.map(purpose => ({
      queryKey: ['reach', purpose],
      enabled: may('getReach'),
      queryFn: () => take(api.GET('/api/v1/reach', {params: {query: {purpose}}})),
    })),
  });
  return (topic, channels, codes) => {
    const contact = topic === 'advertising' || topic === 'survey';
    const figure = reach[purposes.indexOf(contact ? counted[topic] : 'DirectMarketing')]?.data;
    if (!figure?.counted_at) return undefined;
    const places = law.data?.jurisdictions ?? [];
    const countries = [...new Set(codes.flatMap(code => (code === '*' ? figure.channels.flatMap(each => each.groups.flatMap(group => group.country ?? [])) : countriesWithin(places, code))))];
    const sum = (channel: string) => groupsOf(figure, channel, countries).reduce((all, group) => all + group.people, 0);
    const people = Math.max(...figure.channels.map(each => sum(each.channel)), 0);
    if (people === 0) return t('law.fewThere');
    const known = t('law.peopleThere', {count: people, people: format.number(people)});
    const ways = figure.channels.filter(each => channels.includes(each.channel) || channels.includes(null));
    if (!contact || ways.length === 0) return known;
    const reachable = ways.map(each => ({channel: each.channel, groups: groupsOf(figure, each.channel, countries)}));
    const told = reachable.filter(each => each.groups.every(group => group.reachable !== null));
    if (told.length === 0) return known;
    const words = told.map(each => {
      const number = format.number(each.groups.reduce((all, group) => all + (group.reachable ?? 0), 0));
      return t('law.reachedBy', {number, channel: t(`law.channels.${each.channel}`)});
    });
    return `${known} ${t('law.mayReachNow', {ways: format.list(words)})}`;
  };
}
