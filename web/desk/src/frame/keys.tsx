// Keys. Single ones can be switched off (WCAG 2.1.4), and never act while somebody types.
import {Kbd} from '@mantine/core';
import {useNavigate} from '@tanstack/react-router';
import {createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {Dialog} from '../parts/dialog';
import {useMay} from '../session/session';
import classes from './keys.module.css';
import {visible} from './navigation';
import {Palette} from './palette';

const kept = 'handschlag.single-keys';

interface KeysValue {
  single: boolean;
  setSingle(on: boolean): void;
  openPalette(): void;
  openHelp(): void;
}

const Context = createContext<KeysValue | null>(null);

export function useKeys(): KeysValue {
  const value = useContext(Context);
  if (!value) throw new Error('useKeys() outside of Keys');
  return value;
}

function isTyping(target: EventTarget | null) {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

export function Keys({children}: {children: ReactNode}) {
  const {t} = useTranslation();
  const navigate = useNavigate();
  const may = useMay();
  const [single, setSingleState] = useState(() => localStorage.getItem(kept) !== 'off');
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const prefix = useRef(-Infinity); // when g was pressed

  useEffect(() => {
    function pressed(event: KeyboardEvent) {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPalette(true);
        return;
      }
      if (!single || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector('[role=dialog]')) return;
      if (event.key === '?') {
        setHelp(true);
      } else if (event.key === '/') {
        const field = document.querySelector<HTMLInputElement>('main input[type=search]');
        if (field) {
          event.preventDefault();
          field.focus();
        }
      } else if (event.key === 'g') {
        prefix.current = event.timeStamp;
      } else if (event.timeStamp - prefix.current < 1500) {
        prefix.current = -Infinity;
        const place = visible(may).find(entry => entry.key === event.key);
        if (place) {
          event.preventDefault();
          void navigate({to: place.path});
        }
      }
    }
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [single, may, navigate]);

  const value = useMemo<KeysValue>(
    () => ({
      single,
      setSingle(on) {
        localStorage.setItem(kept, on ? 'on' : 'off');
        setSingleState(on);
      },
      openPalette: () => setPalette(true),
      openHelp: () => setHelp(true),
    }),
    [single],
  );

  return (
    <Context.Provider value={value}>
      {children}
      <Palette opened={palette} onClose={() => setPalette(false)} />
      <Dialog opened={help} onClose={() => setHelp(false)} title={t('keys.title')}>
        <dl className={classes.list}>
          <Row keys={[t('keys.ctrl'), 'K']} text={t('keys.palette')} />
          <Row keys={['?']} text={t('keys.help')} />
          <Row keys={['/']} text={t('keys.search')} />
          {visible(may).map(place => (
            <Row key={place.path} keys={['g', place.key]} text={t('keys.goTo', {page: t(`pages.${place.name}`)})} />
          ))}
          <Row keys={['Esc']} text={t('keys.close')} />
        </dl>
        {!single && <p className="soft small">{t('keys.off')}</p>}
      </Dialog>
    </Context.Provider>
  );
}

function Row({keys, text}: {keys: string[]; text: string}) {
  return (
    <div className={classes.row}>
      <dt>{text}</dt>
      <dd className="row">
        {keys.map(key => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dd>
    </div>
  );
}
