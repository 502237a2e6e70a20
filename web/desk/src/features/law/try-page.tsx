// The gate, asked by hand: may we, by which law, and what would have to change. Nothing is done and nobody is looked at.
import {Button} from '@mantine/core';
import {IconColumns2, IconX} from '@tabler/icons-react';
import {useNavigate, useSearch} from '@tanstack/react-router';
import {useTranslation} from 'react-i18next';
import {Page} from '../../parts/page';
import {Answer} from './answer';
import {type Asked, fields, questionOf, readAsked} from './asked';
import classes from './law.module.css';
import {NoAdvice} from './law-page';
import {LawTabs} from './law-tabs';
import {QuestionForm} from './question-form';

export function TryPage() {
  const {t} = useTranslation();
  const search = useSearch({from: '/law/try'});
  const navigate = useNavigate({from: '/law/try'});
  const first = readAsked(search, '');
  const second = readAsked(search, 'b_');
  const comparing = Object.keys(second).length > 0;
  const write = (a: Asked, b: Asked) => {
    const other = Object.fromEntries(fields.map(field => [`b_${field}`, b[field]]));
    void navigate({search: {...a, ...other}, replace: true, resetScroll: false});
  };
  const actions = comparing ? (
      <Button variant="default" leftSection={<IconX size={16} aria-hidden />} onClick={() => write(first, {})}>
        {t('law.compareEnd')}
      </Button>
    ) : (
      <Button variant="default" disabled={!first.purpose} leftSection={<IconColumns2 size={16} aria-hidden />} onClick={() => write(first, first)}>
        {t('law.compare')}
      </Button>
    );
  return (
    <Page title={t('law.tryTitle')} lead={t('law.tryLead')} actions={actions}>
      <LawTabs />
      <NoAdvice />
      {comparing ? (
        <div className={classes.two}>
          <One title={t('law.first')} asked={first} onChange={asked => write(asked, second)} />
          <One title={t('law.second')} asked={second} onChange={asked => write(first, asked)} />
        </div>
      ) : (
        <One asked={first} onChange={asked => write(asked, {})} />
      )}
    </Page>
  );
}

function One({title, asked, onChange}: {title?: string; asked: Asked; onChange: (asked: Asked) => void}) {
  const {t} = useTranslation();
  const question = questionOf(asked);
  return (
    <div className="stack" role={title ? 'group' : undefined} aria-label={title}>
      <section className="card">
        {title && <h2 className={classes.ruleRole}>{title}</h2>}
        <QuestionForm asked={asked} onChange={onChange} />
      </section>
      {question ? <Answer question={question} /> : <p className="soft">{t('law.choosePurpose')}</p>}
    </div>
  );
}
