// A country by its name in the reader's language, as an ISO 3166 code.
import {Select} from '@mantine/core';
import {useMemo} from 'react';
import {useFormats} from '../i18n/format';

// What the browser names beside countries: unions, groups, parts of countries, codes for trying out, former countries.
const others = (
  'EU EZ QO UN XA XB ZZ AC CP CQ DG EA IC TA UK ' +
  'AN BU CS CT DD DY FQ FX HV JT MI NH NQ NT PC PU PZ RH SU TP VD WK YD YU ZR'
).split(' ');
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

interface CountrySelectProps {
  label: string;
  description?: string;
  value: string; // "" for none
  onChange: (country: string) => void;
  error?: string;
}

export function CountrySelect({label, description, value, onChange, error}: CountrySelectProps) {
  const format = useFormats();
  const countries = useMemo(
    () =>
      letters
        .flatMap(first => letters.map(second => first + second))
        .filter(code => !others.includes(code) && format.country(code) !== code)
        .map(code => ({value: code, label: `${format.country(code)} (${code})`}))
        .sort((a, b) => format.compare(a.label, b.label)),
    [format],
  );
  return (
    <Select
      label={label}
      description={description}
      searchable
      clearable
      value={value === '' ? null : value}
      onChange={chosen => onChange(chosen ?? '')}
      data={countries}
      error={error}
    />
  );
}
