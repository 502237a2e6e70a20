// The frame of every page: where one can go, who is signed in, and what is wrong with the connection.
import {ActionIcon, Alert, Button, Drawer, Kbd, Menu, UnstyledButton} from '@mantine/core';
import {
  IconChevronUp,
  IconCloudOff,
  IconKeyboard,
  IconLogout,
  IconMenu2,
  IconSearch,
  IconSettings,
} from '@tabler/icons-react';
import {Link, Outlet, useNavigate, useRouterState} from '@tanstack/react-router';
import {lazy, Suspense, useEffect, useState, useSyncExternalStore} from 'react';
import {useTranslation} from 'react-i18next';
import {Dialog} from '../parts/dialog';
import {notifyProblem} from '../parts/problem';
import {useMay, useMember, useSession} from '../session/session';
import {Keys, useKeys} from './keys';
import {visible} from './navigation';
import classes from './shell.module.css';
import {ColourSwitch, LanguageSwitch} from './switches';
import {Wordmark} from './wordmark';

const SignInForm = lazy(() => import('../session/sign-in').then(module => ({default: module.SignInForm})));

function useOnline() {
  return useSyncExternalStore(
    listener => {
      window.addEventListener('online', listener);
      window.addEventListener('offline', listener);
      return () => {
        window.removeEventListener('online', listener);
        window.removeEventListener('offline', listener);
      };
    },
    () => navigator.onLine,
  );
}

export function Shell() {
  return (
    <Keys>
      <Frame />
    </Keys>
  );
}

function Frame() {
  const {t} = useTranslation();
  const online = useOnline();
  const [menu, setMenu] = useState(false);
  const path = useRouterState({select: state => state.location.pathname});
  useEffect(() => setMenu(false), [path]);

  return (
    <div className={classes.frame}>
      <a className={classes.skip} href="#content">
        {t('frame.skip')}
      </a>
      <header className={classes.bar}>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('frame.menu')} onClick={() => setMenu(true)}>
          <IconMenu2 aria-hidden />
        </ActionIcon>
        <Link to="/" className={classes.home}>
          <Wordmark />
        </Link>
        <span className="push">
          <PaletteButton compact />
        </span>
      </header>
      <header className={classes.side}>
        <Side />
      </header>
      <Drawer opened={menu} onClose={() => setMenu(false)} size="17rem" withCloseButton={false} padding={0} attributes={{content: {'aria-label': t('frame.menu')}}}>
        <div className={classes.drawer}>
          <Side />
        </div>
      </Drawer>
      <main className={classes.main} id="content" tabIndex={-1}>
        {!online && (
          <Alert color="yellow" variant="light" icon={<IconCloudOff aria-hidden />} role="status" className={classes.offline}>
            {t('frame.offline')}
          </Alert>
        )}
        <Outlet />
      </main>
      <SessionOver />
    </div>
  );
}

function PaletteButton({compact = false}: {compact?: boolean}) {
  const {t} = useTranslation();
  const {openPalette} = useKeys();
  if (compact) {
    return (
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('palette.title')} onClick={openPalette}>
        <IconSearch aria-hidden />
      </ActionIcon>
    );
  }
  return (
    <UnstyledButton className={classes.find} onClick={openPalette} aria-keyshortcuts="Control+K">
      <IconSearch size={16} aria-hidden />
      <span>{t('palette.button')}</span>
      <span className={classes.findKeys} aria-hidden>
        <Kbd size="xs">{t('keys.ctrl')}</Kbd>
        <Kbd size="xs">K</Kbd>
      </span>
    </UnstyledButton>
  );
}

function Side() {
  const {t} = useTranslation();
  const may = useMay();
  const places = visible(may).filter(place => place.group !== 'own');
  const groups = (['daily', 'house'] as const).map(group => ({group, entries: places.filter(place => place.group === group)}));
  return (
    <>
      <Link to="/" className={classes.home}>
        <Wordmark />
      </Link>
      <PaletteButton />
      <nav aria-label={t('frame.navigation')} className={classes.nav}>
        {groups
          .filter(({entries}) => entries.length > 0)
          .map(({group, entries}) => (
            <ul key={group} aria-label={t(`groups.${group}`)}>
              {entries.map(place => (
                <li key={place.path}>
                  <Link to={place.path} className={classes.link} activeOptions={{exact: place.path === '/', includeSearch: false}}>
                    <place.icon size={20} stroke={1.6} aria-hidden />
                    {t(`pages.${place.name}`)}
                  </Link>
                </li>
              ))}
            </ul>
          ))}
      </nav>
      <MemberMenu />
    </>
  );
}

function MemberMenu() {
  const {t} = useTranslation();
  const member = useMember();
  const {signOut} = useSession();
  const {openHelp} = useKeys();
  const navigate = useNavigate();
  const initials = member.display_name
    .split(/\s+/)
    .map(word => word[0])
    .slice(0, 2)
    .join('')
    .toUpperCase();
  return (
    <Menu position="top-start" width={240} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.member}>
          <span className={classes.initials} aria-hidden>
            {initials}
          </span>
          <span className={classes.memberWords}>
            <span className={classes.memberName}>{member.display_name}</span>
            <span className="soft tiny">
              {t(`roles.${member.role}`)}
              {member.unit && ` · ${member.unit}`}
            </span>
          </span>
          <IconChevronUp size={16} aria-hidden className="push" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.switches}>
          <LanguageSwitch />
          <ColourSwitch />
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconSettings size={18} aria-hidden />} onClick={() => void navigate({to: '/settings'})}>
          {t('pages.settings')}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={18} aria-hidden />} onClick={() => setTimeout(openHelp, 50)}>
          {t('keys.title')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={18} aria-hidden />}
          onClick={() => {
            signOut().catch((error: unknown) => notifyProblem(t, error));
          }}
        >
          {t('member.signOut')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

// On top of the page, which keeps what was typed.
function SessionOver() {
  const {t} = useTranslation();
  const {state, signOut} = useSession();
  const over = state.phase === 'over';
  return (
    <Dialog opened={over} onClose={() => {}} withCloseButton={false} closeOnEscape={false} closeOnClickOutside={false} title={t('signIn.overTitle')}>
      {state.phase === 'over' && (
        <div className="stack">
          <p className="soft small">{t('signIn.overText')}</p>
          <Suspense fallback={null}>
            <SignInForm login={state.member.login} />
          </Suspense>
          <Button variant="subtle" color="gray" onClick={() => void signOut()}>
            {t('signIn.somebodyElse')}
          </Button>
        </div>
      )}
    </Dialog>
  );
}
