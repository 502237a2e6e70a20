// A length of time as the API writes it, "2 years", in two fields.
import {NumberInput, Select} from '@mantine/core';
import {useTranslation} from 'react-i18next';

const units = ['days', 'months', 'years'] as const;
type Unit = (typeof units)[number];

export function readTerm(term: string): {count: number; unit: Unit} {
  const [, count, unit] = /^(\d+) (day|month|year)s?$/.exec(term) ?? [];
  return {count: Number(count ?? 1), unit: `${(unit ?? 'year') as 'year'}s`};
}

export function TermFields({label, value, onChange, error}: {label: string; value: string; onChange: (term: string) => void; error?: string}) {
  const {t} = useTranslation();
  const {count, unit} = readTerm(value);
  return (
    <>
      <NumberInput label={label} min={1} max={1000} allowDecimal={false} clampBehavior="strict" value={count} onChange={next => onChange(`${Number(next) || 1} ${unit}`)} error={error} />
      <Select label={t('law.ownUnit')} allowDeselect={false} value={unit} onChange={next => next && onChange(`${count} ${next}`)} data={units.map(each => ({value: each, label: t(`law.unit.${each}`)}))} />
    </>
  );
}
