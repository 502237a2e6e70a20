// Whom a change of the law takes away or adds. Everybody is asked in the background, once somebody wants to know.
import {Button} from '@mantine/core';
import {useMutation, useQuery, useQueryClient} from '@tanstack/react-query';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {api, idempotencyKey, type Schemas, take} from '../../api/client';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {asProblem, explain} from '../../parts/problem';
import {useMay} from '../../session/session';
import classes from './law.module.css';
import {type Preview, usePlaceName} from './queries';

type Draft = Preview | {day: string};
type Effect = Schemas['LawEffect'];
type Group = Effect['purposes'][number]['channels'][number]['groups'][number];

const whileCounting = 2_000; // milliseconds

export function LawEffect({draft}: {draft: Draft}) {
  const {t} = useTranslation();
  const format = useFormats();
  const may = useMay();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<{rule_set: number; day: string} | null>(null);
  const begin = useMutation({
    mutationFn: () => take(api.POST('/api/v1/law/effect', {params: {header: {'Idempotency-Key': idempotencyKey()}}, body: draft})),
    onSuccess: begun => {
      queries.removeQueries({queryKey: ['law-effect']});
      setAsked(begun);
    },
  });
  const effect = useQuery({
    queryKey: ['law-effect', asked],
    enabled: asked !== null,
    queryFn: () => take(api.GET('/api/v1/law/effect')),
    refetchInterval: query => (query.state.data?.counting ? whileCounting : false),
  });
  if (!may('tryLaw')) return null;
  const error = begin.error ?? effect.error;
  const told = effect.data;
  const replaced = asked !== null && told !== undefined && (told.rule_set !== asked.rule_set || told.day !== asked.day);
  return (
    <div className={classes.effect}>
      {(asked === null || replaced || error) && (
        <Button size="compact-sm" variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
          {t('law.effectCount')}
        </Button>
      )}
      <div role="status" className="small">
        {error ? explain(t, asProblem(error)) : replaced ? t('law.effectReplaced') : told?.counting ? t('law.effectCounting', {count: told.people, people: format.number(told.people)}) : told && <Told effect={told} />}
      </div>
    </div>
  );
}

function Told({effect}: {effect: Effect}) {
  const {t} = useTranslation();
  const meaning = usePurposeText();
  const rows = effect.purposes.flatMap(({purpose, channels}) =>
    channels.flatMap(({channel, groups}) => {
      const concerned = groups.filter(group => group.lost !== 0 || group.gained !== 0);
      return concerned.length > 0 ? [{purpose, channel, concerned}] : [];
    }),
  );
  if (rows.length === 0) return <p>{t('law.effectNobody')}</p>;
  return (
    <ul className={classes.points} aria-label={t('law.effect')}>
      {rows.map(({purpose, channel, concerned}) => (
        <li key={`${purpose} ${channel}`}>
          <strong>{t('law.effectOf', {purpose: meaning(purpose), channel: t(`law.channels.${channel}`)})}</strong>
          {concerned.map(group => (
            <GroupLine key={group.several ? '*' : (group.country ?? '')} group={group} smallest={effect.smallest} />
          ))}
        </li>
      ))}
    </ul>
  );
}

function GroupLine({group, smallest}: {group: Group; smallest: number}) {
  const {t} = useTranslation();
  const format = useFormats();
  const placeName = usePlaceName();
  const place = group.several ? t('law.effectSeveral') : group.country ? placeName(group.country) : t('law.effectUnknown');
  const words = [
    ...(group.lost ? [t('law.effectLost', {count: group.lost, people: format.number(group.lost)})] : []),
    ...(group.gained ? [t('law.effectGained', {count: group.gained, people: format.number(group.gained)})] : []),
    ...(group.lost === null || group.gained === null ? [t('law.effectFew', {count: smallest})] : []),
    ...(group.kept === null ? [] : [t('law.effectKept', {count: group.kept, people: format.number(group.kept)})]),
  ];
  return (
    <div>
      {place}: {words.join('; ')}.
    </div>
  );
}
