// Ctrl+K: pages, customers and what can be done, by a few letters. It asks the server nothing while somebody types:
// each look at a customer is written down, so it takes Enter.
import {IconArrowRight, IconFileText, IconFlask2, IconHomeShield, IconKeyboard, IconLanguage, IconListDetails, IconLogout, IconMoon, IconPlus, IconSun, IconTemplate, IconUserSearch} from '@tabler/icons-react';
import {useMantineColorScheme} from '@mantine/core';
import {useNavigate} from '@tanstack/react-router';
import {type KeyboardEvent, type ReactNode, useEffect, useId, useState} from 'react';
import {useTranslation} from 'react-i18next';
import {recognise, setLookup} from '../features/customers/lookup';
import {chooseLanguage} from '../i18n';
import {Dialog} from '../parts/dialog';
import {useMay, useSession} from '../session/session';
import {useKeys} from './keys';
import {visible} from './navigation';
import classes from './palette.module.css';

interface Entry {
  id: string;
  group: string;
  text: string;
  icon: ReactNode;
  run: () => void;
}

function useEntries(): Entry[] {
  const {t, i18n} = useTranslation();
  const navigate = useNavigate();
  const may = useMay();
  const {signOut} = useSession();
  const {openHelp} = useKeys();
  const {setColorScheme} = useMantineColorScheme({keepTransitions: true});
  const pages = visible(may).map(place => ({
    id: place.path,
    group: t('palette.pages'),
    text: t(`pages.${place.name}`),
    icon: <place.icon size={18} aria-hidden />,
    run: () => void navigate({to: place.path}),
  }));
  const action = (id: string, text: string, icon: ReactNode, run: () => void) => ({id, group: t('palette.actions'), text, icon, run});
  const other = i18n.language === 'de' ? 'en' : 'de';
  return [
    ...pages,
    ...(may('createSource') ? [action('add-source', t('sources.add'), <IconPlus size={18} aria-hidden />, () => void navigate({to: '/sources/new'}))] : []),
    action('try-law', `${t('pages.law')}: ${t('palette.tryLaw')}`, <IconFlask2 size={18} aria-hidden />, () => void navigate({to: '/law/try'})),
    ...(may('listOwnRules') ? [action('own-law', `${t('pages.law')}: ${t('palette.ownLaw')}`, <IconHomeShield size={18} aria-hidden />, () => void navigate({to: '/law/own'}))] : []),
    action('purposes', `${t('pages.law')}: ${t('palette.purposes')}`, <IconListDetails size={18} aria-hidden />, () => void navigate({to: '/law/purposes'})),
    action('notices', `${t('pages.law')}: ${t('palette.notices')}`, <IconFileText size={18} aria-hidden />, () => void navigate({to: '/law/notices'})),
    ...(may('listTemplates') ? [action('templates', `${t('pages.messages')}: ${t('pages.templates')}`, <IconTemplate size={18} aria-hidden />, () => void navigate({to: '/messages/templates'}))] : []),
    action('language', other === 'de' ? 'Auf Deutsch anzeigen' : 'Show in English', <IconLanguage size={18} aria-hidden />, () => chooseLanguage(other)),
    action('light', t('palette.light'), <IconSun size={18} aria-hidden />, () => setColorScheme('light')),
    action('dark', t('palette.dark'), <IconMoon size={18} aria-hidden />, () => setColorScheme('dark')),
    action('keys', t('keys.title'), <IconKeyboard size={18} aria-hidden />, () => setTimeout(openHelp)),
    action('sign-out', t('member.signOut'), <IconLogout size={18} aria-hidden />, () => void signOut()),
  ];
}

function fits(text: string, wanted: string) {
  const plain = (word: string) => word.toLocaleLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
  return wanted.split(/\s+/).every(word => plain(text).includes(plain(word)));
}

export function Palette({opened, onClose}: {opened: boolean; onClose: () => void}) {
  const {t} = useTranslation();
  // It is there at once: whoever types on loses no letter.
  return (
    <Dialog opened={opened} onClose={onClose} transitionProps={{duration: 0}} withCloseButton={false} title={null} attributes={{content: {'aria-label': t('palette.title')}}} padding={0} size="lg" yOffset="12vh">
      {opened && <PaletteBody onClose={onClose} />}
    </Dialog>
  );
}

function PaletteBody({onClose}: {onClose: () => void}) {
  const {t} = useTranslation();
  const navigate = useNavigate();
  const may = useMay();
  const list = useId();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const wanted = text.trim();
  const all = useEntries();
  const found = all.filter(entry => fits(entry.text, wanted));
  if (wanted.length > 1 && may('searchCustomers')) {
    const kind = recognise(wanted);
    found.push({
      id: 'customer',
      group: t('palette.customers'),
      text: t('palette.findCustomer', {kind: t(`kinds.${kind}`), value: wanted}),
      icon: <IconUserSearch size={18} aria-hidden />,
      run: () => {
        setLookup({kind, value: wanted, guessed: true});
        void navigate({to: '/customers', search: before => ({purpose: (before as {purpose?: string}).purpose})});
      },
    });
  }
  const index = Math.min(active, found.length - 1);

  useEffect(() => {
    document.getElementById(`${list}-${index}`)?.scrollIntoView({block: 'nearest'});
  }, [list, index]);

  function run(entry: Entry | undefined) {
    if (!entry) return;
    onClose();
    entry.run();
  }

  function pressed(event: KeyboardEvent) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((index + step + found.length) % Math.max(1, found.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[index]);
    }
  }

  return (
    <div>
      <input
        className={classes.input}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found.length > 0 ? `${list}-${index}` : undefined}
        aria-label={t('palette.title')}
        placeholder={t('palette.placeholder')}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={event => {
          setText(event.currentTarget.value);
          setActive(0);
        }}
        onKeyDown={pressed}
        autoFocus
        data-autofocus
      />
      <div className={classes.list} role="listbox" id={list} aria-label={t('palette.title')}>
        {found.map((entry, position) => (
          <div key={entry.id} role="presentation">
            {entry.group !== found[position - 1]?.group && (
              <div className={classes.group} role="presentation">
                {entry.group}
              </div>
            )}
            <div
              className={classes.entry}
              role="option"
              id={`${list}-${position}`}
              aria-selected={position === index}
              onMouseMove={() => setActive(position)}
              onClick={() => run(entry)}
            >
              {entry.icon}
              <span className="wrap">{entry.text}</span>
              {position === index && <IconArrowRight size={16} aria-hidden className="push" />}
            </div>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className={classes.nothing}>{t('common.noMatch')}</p>}
    </div>
  );
}
