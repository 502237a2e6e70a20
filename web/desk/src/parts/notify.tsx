// Short feedback at the edge of the page, with a way back where there is one.
import {Button} from '@mantine/core';
import {notifications} from '@mantine/notifications';
import {IconAlertCircle, IconCheck} from '@tabler/icons-react';
import i18next from 'i18next';

interface Notice {
  kind: 'good' | 'bad';
  text: string;
  undo?: () => void;
}

export function notify({kind, text, undo}: Notice) {
  const id = `notice-${Math.random()}`;
  notifications.show({
    id,
    color: kind === 'good' ? 'brand' : 'red',
    icon: kind === 'good' ? <IconCheck size={18} aria-hidden /> : <IconAlertCircle size={18} aria-hidden />,
    autoClose: undo || kind === 'bad' ? 12_000 : 4_000,
    closeButtonProps: {'aria-label': i18next.t('common.close')},
    message: (
      <span className="row">
        <span>{text}</span>
        {undo && (
          <Button
            size="compact-sm"
            variant="light"
            onClick={() => {
              notifications.hide(id);
              undo();
            }}
          >
            {i18next.t('common.undo')}
          </Button>
        )}
      </span>
    ),
  });
}
