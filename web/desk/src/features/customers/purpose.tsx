// Why somebody looks at customers: asked first, then always in sight and changeable. Remembered for this window only.
import {Menu, UnstyledButton, VisuallyHidden} from '@mantine/core';
import {IconCheck, IconChevronDown, IconEye} from '@tabler/icons-react';
import {useTranslation} from 'react-i18next';
import {type PurposeInfo, usePurposes, usePurposeText} from '../../api/purposes';
import {Failed, Loading} from '../../parts/states';
import classes from './purpose.module.css';

const kept = 'handschlag.purpose';

export function keptPurpose(): string | undefined {
  return sessionStorage.getItem(kept) ?? undefined;
}

export function keepPurpose(purpose: string) {
  sessionStorage.setItem(kept, purpose);
}

// The usual ones of a desk come first.
const usual = ['CustomerCare', 'CustomerOrderManagement', 'CommunicationForCustomerCare', 'CustomerClaimsManagement'];

function mine(purposes: PurposeInfo[]): PurposeInfo[] {
  const place = (purpose: PurposeInfo) => (usual.indexOf(purpose.name) + usual.length + 1) % (usual.length + 1);
  const rank = (purpose: PurposeInfo) => (usual.includes(purpose.name) ? place(purpose) - usual.length - 1 : 0);
  return purposes.filter(purpose => purpose.may_look).sort((a, b) => rank(a) - rank(b));
}

const first = 6; // in sight; the others are a click away

export function PurposeQuestion({onChoose}: {onChoose: (purpose: string) => void}) {
  const {t} = useTranslation();
  const {purposes, isPending, error, refetch} = usePurposes();
  if (isPending) return <Loading />;
  if (error) return <Failed error={error} retry={() => void refetch()} />;
  const all = mine(purposes);
  return (
    <section className="card" aria-labelledby="purpose-question">
      <h2 id="purpose-question">{t('purpose.question')}</h2>
      <p className="soft small">{t('purpose.why')}</p>
      <Choices purposes={all.slice(0, first)} onChoose={onChoose} />
      {all.length > first && (
        <details className={classes.more}>
          <summary>{t('purpose.more')}</summary>
          <Choices purposes={all.slice(first)} onChoose={onChoose} />
        </details>
      )}
    </section>
  );
}

function Choices({purposes, onChoose}: {purposes: PurposeInfo[]; onChoose: (purpose: string) => void}) {
  const text = usePurposeText();
  return (
    <ul className={classes.choices}>
      {purposes.map(purpose => (
        <li key={purpose.name}>
          <button
            type="button"
            className={classes.choice}
            onClick={() => {
              keepPurpose(purpose.name);
              onChoose(purpose.name);
            }}
          >
            {text(purpose.name)}
          </button>
        </li>
      ))}
    </ul>
  );
}

// `because`: the occasion that brought the purpose along.
export function PurposeMenu({purpose, because, onChoose}: {purpose: string; because?: string; onChoose: (purpose: string) => void}) {
  const {t} = useTranslation();
  const text = usePurposeText();
  const {purposes} = usePurposes();
  return (
    <Menu position="bottom-end" width={340} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.current}>
          <IconEye size={16} aria-hidden />
          <span>
            {t('purpose.looking', {purpose: text(purpose)})}
            {because && ` · ${because}`}
            <VisuallyHidden>: {t('common.change')}</VisuallyHidden>
          </span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown className={classes.menu}>
        <Menu.Label>{t('purpose.question')}</Menu.Label>
        {mine(purposes).map(entry => (
          <Menu.Item
            key={entry.name}
            leftSection={entry.name === purpose ? <IconCheck size={16} aria-hidden /> : <span className={classes.blank} />}
            onClick={() => {
              keepPurpose(entry.name);
              onChoose(entry.name);
            }}
          >
            {text(entry.name)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
