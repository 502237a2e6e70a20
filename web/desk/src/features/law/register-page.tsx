// The register of processing activities: what is used for what, and where that differs from what was said.
import {Anchor, Button} from '@mantine/core';
import {IconAlertTriangle, IconDownload, IconPrinter} from '@tabler/icons-react';
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import type {ReactNode} from 'react';
import {useTranslation} from 'react-i18next';
import {api, type Schemas, take} from '../../api/client';
import {useFormats} from '../../i18n/format';
import {Chip} from '../../parts/chip';
import {Page, Section} from '../../parts/page';
import {Empty, Failed, Loading} from '../../parts/states';
import classes from './law.module.css';
import {LawTabs} from './law-tabs';
import {useTextOf} from './queries';
import {dayText, termText} from './words';

type Activity = Schemas['ProcessingActivity'];
type Register = {made_at: string; activities: Activity[]}; // the same operation answers a table, to those who ask for one

export function RegisterPage() {
  const {t, i18n} = useTranslation();
  const register = useQuery({queryKey: ['law', 'register'], queryFn: () => take(api.GET('/api/v1/processing-register') as Parameters<typeof take<Register>>[0])});
  const activities = register.data?.activities ?? [];
  const drifting = activities.filter(each => each.drift.length > 0).length;
  const file = `/api/v1/processing-register?format=csv&language=${i18n.language === 'de' ? 'de' : 'en'}`;
  const actions = (
    <>
      <Button variant="default" leftSection={<IconPrinter size={16} aria-hidden />} onClick={() => window.print()}>
        {t('law.registerPrint')}
      </Button>
      <Button component="a" href={file} download leftSection={<IconDownload size={16} aria-hidden />}>
        {t('law.registerFile')}
      </Button>
    </>
  );
  return (
    <Page title={t('law.processing')} lead={t('law.registerLead')} actions={actions}>
      <LawTabs />
      {register.isPending ? (
        <Loading lines={6} height={40} />
      ) : register.error ? (
        <Failed error={register.error} retry={() => void register.refetch()} />
      ) : activities.length === 0 ? (
        <Empty title={t('law.registerEmpty')}>{t('law.registerEmptyHint')}</Empty>
      ) : (
        <>
          <p className={classes.note} role="note">
            <IconAlertTriangle size={18} aria-hidden />
            {drifting === 0 ? t('law.registerFine') : t('law.registerDrifts', {count: drifting})}
          </p>
          {activities.map(activity => (
            <One key={activity.purpose} activity={activity} />
          ))}
        </>
      )}
    </Page>
  );
}

function One({activity}: {activity: Activity}) {
  const {t} = useTranslation();
  const format = useFormats();
  const textOf = useTextOf();
  const {entry} = activity;
  return (
    <Section title={textOf(activity.meaning)} hint={entry ? textOf(entry.description) : activity.purpose}>
      {activity.drift.length > 0 && (
        <div className="row">
          {activity.drift.map(drift => (
            <Chip key={drift} tone="warn">
              {t(`law.drift.${drift}`)}
            </Chip>
          ))}
        </div>
      )}
      <dl className="facts">
        <Fact name={t('law.registerUses')}>
          {activity.uses.map(use => (
            <div key={use.source}>
              <Anchor component={Link} to={`/sources/${use.source}`}>
                {use.name}
              </Anchor>{' '}
              <span className="soft">
                {use.basis} · {t('law.registerStored', {count: use.events})}
                {use.refused > 0 && ` · ${t('law.registerRefused', {count: use.refused})}`}
              </span>
            </div>
          ))}
        </Fact>
        {entry && (
          <>
            <Fact name={t('law.registerCategories')}>{format.list(entry.categories)}</Fact>
            <Fact name={t('law.registerRecipients')}>
              {entry.recipients.map(each => (
                <div key={each.name}>
                  {each.name} ({each.country}) <span className="soft">{t(`law.recipientRole.${each.role}`)}</span>
                  {each.safeguards && <span className="soft"> · {each.safeguards}</span>}
                </div>
              ))}
            </Fact>
            <Fact name={t('law.registerRetention')}>{`${termText(t, entry.retention.term)} ${t(`law.retentionSince.${entry.retention.since}`)}`}</Fact>
          </>
        )}
        <Fact name={t('law.registerWebhooks')}>
          {activity.webhooks.map(each => (
            <div key={each.id}>
              {each.id} <span className="soft">{each.host}</span>
            </div>
          ))}
        </Fact>
        <Fact name={t('law.registerNotices')}>{format.list(activity.notices.map(each => `${each.id} ${each.version}`))}</Fact>
        {activity.assessed_until && <Fact name={t('law.registerAssessed')}>{dayText(format, activity.assessed_until)}</Fact>}
      </dl>
    </Section>
  );
}

// Nothing to say of it: it is left out.
function Fact({name, children}: {name: string; children: ReactNode}) {
  if (!children || (Array.isArray(children) && children.length === 0)) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
