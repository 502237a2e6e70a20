// What became of a source's events: what was kept, tied to people or not, and what was not kept and why.
import {useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useMeaning} from '../../api/meaning';
import {usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Section} from '../../parts/page';
import {Failed, Loading} from '../../parts/states';
import {useMay} from '../../session/session';
import classes from './sources.module.css';

export function Outcome({source}: {source: string}) {
  const may = useMay();
  return (
    <>
      {may('eventTotals') && <Kept source={source} />}
      {may('eventRefusals') && <Refused source={source} />}
    </>
  );
}

function Kept({source}: {source: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const {data, error, isPending, refetch} = useQuery({
    queryKey: ['totals', source],
    queryFn: () => take(api.GET('/api/v1/events/totals', {params: {query: {source}}})),
  });
  const events = (data?.items ?? []).filter(total => total.measure === 'events');
  const sum = (linked: boolean) => events.filter(total => total.linked === linked).reduce((all, total) => all + total.events, 0);
  return (
    <Section title={t('sources.kept')}>
      {isPending ? (
        <Loading lines={2} />
      ) : error ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : events.length === 0 ? (
        <p className="soft small">{t('sources.nothingYet')}</p>
      ) : (
        <dl className={classes.numbers}>
          <div>
            <dt>{t('sources.linked')}</dt>
            <dd>{format.number(sum(true))}</dd>
          </div>
          <div>
            <dt>{t('sources.unlinked')}</dt>
            <dd>{format.number(sum(false))}</dd>
          </div>
        </dl>
      )}
    </Section>
  );
}

function Refused({source}: {source: string}) {
  const {t} = useTranslation();
  const format = useFormats();
  const purposeText = usePurposeText();
  const meaning = useMeaning();
  const {data, error, isPending, refetch} = useQuery({queryKey: ['refusals'], queryFn: () => take(api.GET('/api/v1/events/refusals'))});
  const sums = new Map<string, {subject: string; reason: string; meaning: Schemas['ReasonMeaning']; events: number}>();
  for (const row of data?.items ?? []) {
    if (row.source !== source) continue;
    const key = `${row.subject}\n${row.reason}`;
    const sum = sums.get(key) ?? {...row, events: 0};
    sum.events += row.events;
    sums.set(key, sum);
  }
  return (
    <Section title={t('sources.refused')} hint={t('sources.refusedHint')}>
      {isPending ? (
        <Loading lines={3} />
      ) : error ? (
        <Failed error={error} retry={() => void refetch()} />
      ) : sums.size === 0 ? (
        <p className="soft small">{t('sources.nothingRefused')}</p>
      ) : (
        <ul className={classes.refusals}>
          {[...sums.values()]
            .sort((a, b) => b.events - a.events)
            .map(row => (
              <li key={`${row.subject} ${row.reason}`}>
                <span>
                  {purposeText(row.subject)}
                  <span className={classes.reason}>{meaning(row.meaning)}</span>
                </span>
                <span className="figures">{format.number(row.events)}</span>
              </li>
            ))}
        </ul>
      )}
    </Section>
  );
}
