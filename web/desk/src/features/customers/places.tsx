// Places on the customer's page for what is kept of them later: each says what will stand there, and what to do now.
import {Button} from '@mantine/core';
import {IconPhonePlus} from '@tabler/icons-react';
import {Link} from '@tanstack/react-router';
import {useTranslation} from 'react-i18next';
import {useMay} from '../../session/session';
import {Empty} from '../../parts/states';
import type {Customer} from './customer';
import classes from './places.module.css';

export const places = ['cases', 'feedback', 'actions'] as const;
export type PlaceName = (typeof places)[number];

export function Place({customer, place, onNote}: {customer: Customer; place: PlaceName; onNote: () => void}) {
  const {t} = useTranslation();
  const may = useMay();
  return (
    <Empty
      title={t(`places.${place}.title`)}
      action={
        <div className={classes.ways}>
          {place === 'cases' && may('noteCall') && (
            <Button variant="default" leftSection={<IconPhonePlus size={16} aria-hidden />} onClick={onNote}>
              {t('calls.note')}
            </Button>
          )}
          <Link to="/customers/$id" params={{id: customer.id}} search={before => ({...before, tab: undefined})} replace resetScroll={false}>
            {t('places.toTimeline')}
          </Link>
        </div>
      }
    >
      <p className={classes.will}>{t(`places.${place}.will`)}</p>
      <p>{t(`places.${place}.now`)}</p>
    </Empty>
  );
}
