// A part of the company: the company, a region of it, a branch.
import {TextInput} from '@mantine/core';
import {useId} from 'react';
import {useTranslation} from 'react-i18next';
import {useUnits} from '../api/units';

interface UnitFieldProps {
  value: string;
  onChange: (unit: string) => void;
  hint: string;
  required?: boolean;
  error?: string;
}

export function UnitField({value, onChange, hint, required, error}: UnitFieldProps) {
  const {t} = useTranslation();
  const {data} = useUnits();
  const known = useId();
  return (
    <>
      <TextInput
        label={t('units.unit')}
        description={hint}
        placeholder={required ? undefined : t('units.all')}
        withAsterisk={false}
        autoComplete="off"
        maxLength={204}
        list={known}
        value={value}
        onChange={event => onChange(event.currentTarget.value.trim().toLowerCase())}
        error={error && t('units.wrong')}
      />
      <datalist id={known}>
        {data?.map(unit => <option key={unit} value={unit} />)}
      </datalist>
    </>
  );
}
