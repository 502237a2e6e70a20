import {Select} from '@mantine/core';
import {useQuery} from '@tanstack/react-query';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';

export function RoleSelect({value, onChange, of}: {value: Schemas['Role']; onChange: (role: Schemas['Role']) => void; of: 'members' | 'tokens'}) {
  const {t, i18n} = useTranslation();
  const {data} = useQuery({queryKey: ['roles'], queryFn: () => take(api.GET('/api/v1/roles')), staleTime: Infinity});
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
