// A key that is shown this once.
import {Alert, Button, CopyButton} from '@mantine/core';
import {IconCheck, IconCopy, IconEyeOff} from '@tabler/icons-react';
import {useTranslation} from 'react-i18next';
import classes from './secret.module.css';

export function Copy({text, label}: {text: string; label?: string}) {
  const {t} = useTranslation();
  return (
    <CopyButton value={text} timeout={2500}>
      {({copied, copy}) => (
        <Button
          variant="default"
          size="compact-sm"
          onClick={copy}
          leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
        >
          <span aria-live="polite">{copied ? t('common.copied') : (label ?? t('common.copy'))}</span>
        </Button>
      )}
    </CopyButton>
  );
}

export function Secret({text, label}: {text: string; label: string}) {
  const {t} = useTranslation();
  return (
    <div className="stack">
      <div className={classes.box}>
        <code className={classes.text} aria-label={label}>
          {text}
        </code>
        <Copy text={text} />
      </div>
      <Alert color="yellow" variant="light" icon={<IconEyeOff aria-hidden />}>
        {t('common.shownOnce')}
      </Alert>
    </div>
  );
}

export function CodeBlock({text}: {text: string}) {
  return (
    <div className={classes.block}>
      <pre tabIndex={0}>{text}</pre>
      <div className={classes.copy}>
        <Copy text={text} />
      </div>
    </div>
  );
}
