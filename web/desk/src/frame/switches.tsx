import {SegmentedControl, useMantineColorScheme, VisuallyHidden} from '@mantine/core';
import {IconDeviceDesktop, IconMoon, IconSun} from '@tabler/icons-react';
import {useTranslation} from 'react-i18next';
import {chooseLanguage, type Language} from '../i18n';

export function LanguageSwitch() {
  const {t, i18n} = useTranslation();
  return (
    <SegmentedControl
      size="xs"
      role="radiogroup"
      aria-label={t('settings.language')}
      value={i18n.language}
      onChange={value => chooseLanguage(value as Language)}
      data={[
        {value: 'de', label: 'Deutsch'},
        {value: 'en', label: 'English'},
      ]}
    />
  );
}

export function ColourSwitch() {
  const {t} = useTranslation();
  const {colorScheme, setColorScheme} = useMantineColorScheme({keepTransitions: true});
  const entry = (value: string, Icon: typeof IconSun, name: string) => ({
    value,
    label: (
      <>
        <Icon size={16} aria-hidden />
        <VisuallyHidden>{name}</VisuallyHidden>
      </>
    ),
  });
  return (
    <SegmentedControl
      size="xs"
      role="radiogroup"
      aria-label={t('settings.colours')}
      value={colorScheme}
      onChange={value => setColorScheme(value as 'light' | 'dark' | 'auto')}
      data={[
        entry('light', IconSun, t('settings.light')),
        entry('dark', IconMoon, t('settings.dark')),
        entry('auto', IconDeviceDesktop, t('settings.auto')),
      ]}
    />
  );
}
