import {Modal, type ModalProps} from '@mantine/core';
import {useEffect} from 'react';
import {useTranslation} from 'react-i18next';

// A dialog; what is behind it does not scroll. Its head is none of the page's.
export function Dialog({opened, children, ...rest}: ModalProps) {
  const {t} = useTranslation();
  useEffect(() => {
    if (!opened) return;
    document.documentElement.classList.add('no-scroll');
    return () => document.documentElement.classList.remove('no-scroll');
  }, [opened]);
  return (
    <Modal opened={opened} closeButtonProps={{'aria-label': t('common.close')}} attributes={{header: {role: 'presentation'}}} {...rest}>
      {children}
    </Modal>
  );
}
