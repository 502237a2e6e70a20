// The purposes of a source, each with the basis that it rests on.
import {Checkbox, Select} from '@mantine/core';
import {useTranslation} from 'react-i18next';
import {usePurposes, usePurposeText} from '../../api/purposes';
import classes from './sources.module.css';

const bases = ['A6-1-a', 'A6-1-b', 'A6-1-c', 'A6-1-d', 'A6-1-e', 'A6-1-f'] as const;

export function PurposePicker({value, onChange, error}: {value: Record<string, string>; onChange: (value: Record<string, string>) => void; error?: string}) {
  const {t} = useTranslation();
  const {purposes} = usePurposes();
  const text = usePurposeText();
  return (
    <fieldset className={classes.fieldset}>
      <legend>{t('sources.purposesWhy')}</legend>
      <p className="soft small">{t('sources.purposesHint')}</p>
      {error && (
        <p className={classes.error} role="alert">
          {error}
        </p>
      )}
      <ul className={classes.picker}>
        {purposes.map(purpose => {
          const basis = value[purpose.name];
          return (
            <li key={purpose.name}>
              <Checkbox
                label={text(purpose.name)}
                checked={basis !== undefined}
                onChange={event => {
                  const {[purpose.name]: _, ...others} = value;
                  onChange(event.currentTarget.checked ? {...value, [purpose.name]: purpose.default_basis} : others);
                }}
              />
              {basis !== undefined && (
                <Select
                  size="xs"
                  aria-label={t('sources.basisOf', {purpose: text(purpose.name)})}
                  allowDeselect={false}
                  value={basis}
                  onChange={chosen => onChange({...value, [purpose.name]: chosen ?? basis})}
                  data={bases.map(name => ({value: name, label: t(`bases.${name}`)}))}
                />
              )}
            </li>
          );
        })}
      </ul>
    </fieldset>
  );
}
