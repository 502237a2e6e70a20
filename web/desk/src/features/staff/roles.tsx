import {Select} from '@mantine/core';
import {useTranslation} from 'react-i18next';
import type {Schemas} from '../../api/client';
import {useRoles, useUnitUse} from '../../api/units';
import {UnitField} from '../../parts/unit';

export function RoleSelect({value, onChange, of}: {value: Schemas['Role']; onChange: (role: Schemas['Role']) => void; of: 'members' | 'tokens'}) {
  const {t, i18n} = useTranslation();
  const {data} = useRoles();
  const roles = data?.items.filter(role => of === 'tokens' || role.name !== 'integration') ?? [];
  const meaning = roles.find(role => role.name === value)?.meaning[i18n.language === 'de' ? 'de' : 'en'];
  return (
    <Select
      label={t('staff.role')}
      description={meaning}
      inputWrapperOrder={['label', 'input', 'description']}
      allowDeselect={false}
      value={value}
      onChange={role => role && onChange(role as Schemas['Role'])}
      data={roles.map(role => ({value: role.name, label: t(`roles.${role.name}`)}))}
    />
  );
}

// To which part of the company somebody is limited; nothing for roles that act on all of it.
export function RoleUnit({role, value, onChange, error}: {role: Schemas['Role']; value: string; onChange: (unit: string) => void; error?: string}) {
  const {t} = useTranslation();
  const use = useUnitUse(role);
  if (use === 'none') return null;
  return <UnitField value={value} onChange={onChange} required={use === 'required'} hint={t(use === 'required' ? 'units.mustHint' : 'units.mayHint')} error={error} />;
}
