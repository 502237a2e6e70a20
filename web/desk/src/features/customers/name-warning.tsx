// Says that different names were joined, before anybody is told what is somebody else's, with the way to take them apart.
import {Button} from '@mantine/core';
import {IconAlertTriangle} from '@tabler/icons-react';
import {Link} from '@tanstack/react-router';
import {useId} from 'react';
import {useTranslation} from 'react-i18next';
import {useMay} from '../../session/session';
import {type Customer, sourceName} from './customer';
import {nameOfEnd, useUnlink} from './links';
import {type Cut, nameConflict} from './name-conflict';
import classes from './name-warning.module.css';

export function NameWarning({customer}: {customer: Customer}) {
  const {t} = useTranslation();
  const may = useMay();
  const heading = useId();
  const conflict = nameConflict(customer);
  if (!conflict) return null;
  const mayUnlink = may('unlinkIdentities');
  const joined = new Set(conflict.namings.map(naming => naming.identity)).size > 1;
  return (
    <section className={classes.warning} aria-labelledby={heading}>
      <h2 id={heading}>
        <IconAlertTriangle size={18} aria-hidden />
        {t(joined ? 'nameConflict.title' : 'nameConflict.titleOne')}
      </h2>
      <ul className={classes.names}>
        {conflict.namings.map(naming => (
          <li key={`${naming.name} ${naming.identity} ${naming.source}`}>
            <strong>{naming.name}</strong>{' '}
            <span className="small">
              {t('nameConflict.says', {source: sourceName(customer, naming.source), identity: nameOfEnd(t, customer, naming.identity)})}
            </span>
          </li>
        ))}
      </ul>
      <p>{t(!joined ? 'nameConflict.atSource' : mayUnlink ? 'nameConflict.check' : 'nameConflict.ask')}</p>
      {joined && (
        <div className={classes.ways}>
          {mayUnlink && conflict.cuts.map(cut => <TakeApart key={cut.identity ?? `${cut.links[0]?.a} ${cut.links[0]?.b}`} customer={customer} cut={cut} />)}
          <Link to="/customers/$id" params={{id: customer.id}} search={before => ({...before, tab: 'identities'})} replace resetScroll={false}>
            {t('nameConflict.why')}
          </Link>
        </div>
      )}
    </section>
  );
}

function TakeApart({customer, cut: {links, identity}}: {customer: Customer; cut: Cut}) {
  const {t} = useTranslation();
  const end = useUnlink(customer, links);
  return (
    <Button size="compact-md" variant="default" loading={end.isPending} onClick={() => end.mutate()}>
      {identity
        ? t('nameConflict.unlinkAll', {identity: nameOfEnd(t, customer, identity)})
        : t('nameConflict.unlink', {a: nameOfEnd(t, customer, links[0]?.a ?? ''), b: nameOfEnd(t, customer, links[0]?.b ?? '')})}
    </Button>
  );
}
