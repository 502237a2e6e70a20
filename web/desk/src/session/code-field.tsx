import {TextInput} from '@mantine/core';
import {useTranslation} from 'react-i18next';
import classes from './sign-in.module.css';

// The six digits that an authenticator app shows. It takes the focus: it appears where nothing else is left to do.
export function CodeField({value, onChange, error}: {value: string; onChange: (code: string) => void; error?: string}) {
  const {t} = useTranslation();
  return (
    <TextInput
      label={t('factor.code')}
      description={t('factor.codeHint')}
      className={classes.code}
      size="md"
      inputMode="numeric"
      autoComplete="one-time-code"
      maxLength={7}
      required
      withAsterisk={false}
      autoFocus
      value={value}
      error={error}
      onChange={event => onChange(event.currentTarget.value.replace(/\D/g, '').slice(0, 6))}
    />
  );
}
