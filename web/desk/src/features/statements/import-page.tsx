// Consents that are brought along from another system: a file is chosen, looked at, checked, and sent part after part.
import {Button, FileButton, Select} from '@mantine/core';
import {IconArrowLeft, IconDownload, IconFileUpload} from '@tabler/icons-react';
import {Link} from '@tanstack/react-router';
import {useState} from 'react';
import {useTranslation} from 'react-i18next';
import {useSources} from '../../api/sources';
import {Page, Section} from '../../parts/page';
import {Failed, Loading} from '../../parts/states';
import {Warning} from '../../parts/warning';
import {LawTabs} from '../law/law-tabs';
import {columnOf, columns, type Column, type ConsentFile, type Fault, needed, readFile} from './import-file';
import {ImportResult} from './import-result';
import {save, useRun} from './import-run';
import classes from './import.module.css';

export function ImportPage() {
  const {t} = useTranslation();
  const [read, setRead] = useState<ConsentFile | Fault | null>(null);
  const [source, setSource] = useState<string | null>(null);
  const runs = useRun();
  const file = read && 'count' in read ? read : null;
  const running = runs.run?.state === 'running';
  async function choose(chosen: File | null) {
    if (!chosen) return;
    runs.clear();
    setRead(await readFile(chosen));
  }
  return (
    <Page title={t('brought.title')} lead={t('brought.lead')}>
      <LawTabs />
      <Link to="/law/statements" className={classes.back}>
        <IconArrowLeft size={16} aria-hidden /> {t('brought.back')}
      </Link>
      <Section title={t('brought.file')}>
        <div className="stack">
          <div className="row">
            <FileButton accept=".csv,.txt,.jsonl,.ndjson,.json,text/csv,text/plain,application/json,application/x-ndjson" onChange={chosen => void choose(chosen)}>
              {props => (
                <Button {...props} disabled={running} variant={file ? 'default' : 'filled'} leftSection={<IconFileUpload size={16} aria-hidden />}>
                  {read ? t('brought.chooseOther') : t('brought.choose')}
                </Button>
              )}
            </FileButton>
            <p role="status" className="wrap">
              {file && `${file.name}: ${t('brought.statements', {count: file.count})}`}
            </p>
          </div>
          {read && 'kind' in read && <FaultNote fault={read} />}
          {file && <Preview file={file} />}
        </div>
      </Section>
      {!file && <Format />}
      {file && <Start file={file} source={source} onSource={setSource} running={running} start={dry => source && runs.start(file, source, dry)} />}
      {runs.run && <ImportResult run={runs.run} results={runs.results.current} stop={runs.stop} goOn={runs.goOn} />}
    </Page>
  );
}

function FaultNote({fault}: {fault: Fault}) {
  const {t} = useTranslation();
  const names = 'columns' in fault ? fault.columns.map(name => name.slice(0, 64)).join(', ') : '';
  return (
    <div role="alert">
      <Warning title={t('brought.faults.title')}>
        <p className="wrap">{t(`brought.faults.${fault.kind}`, {columns: names})}</p>
      </Warning>
    </div>
  );
}

// A wide table moves within its own frame, which the keyboard reaches.
function Scroll({label, children}: {label: string; children: React.ReactNode}) {
  return (
    <div className={classes.scroll} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

function Preview({file}: {file: ConsentFile}) {
  const {t} = useTranslation();
  return (
    <div className="stack-tight">
      <h3>{t('brought.firstLines')}</h3>
      <p className="soft small">{t('brought.firstLinesHint')}</p>
      <Scroll label={t('brought.firstLines')}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t('brought.column')}</th>
              <th scope="col">{t('brought.readAs')}</th>
              {file.first.map((_, at) => (
                <th key={at} scope="col">
                  {t('brought.nth', {number: at + 1})}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {file.names.map((name, at) => {
              const column = columnOf(name);
              return (
                <tr key={name}>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>{column ? t(`brought.columns.${column}`) : <strong>{t('brought.notRead')}</strong>}</td>
                  {file.first.map((values, line) => (
                    <td key={line} className={classes.value}>
                      {(values[at] ?? '').slice(0, 200)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

const alsoNeeded: Partial<Record<Column, 'forYes' | 'forProof' | 'forChannel'>> = {said_at: 'forYes', declaration: 'forProof', evidence: 'forProof', address: 'forChannel'};

// While there is no file: what one looks like.
function Format() {
  const {t} = useTranslation();
  const sample = [
    'key_kind;key;act;purpose;channel;said_at;declaration;evidence;strength',
    `email;anna@example.org;given;DirectMarketing;email;2025-03-01T08:00:00Z;"${t('brought.sampleDeclaration')}";${t('brought.sampleEvidence')};confirmed`,
    'email;berta@example.org;withdrawn;DirectMarketing;email;2025-05-12;;;',
    'phone;+493012345678;refused;DirectMarketing;phone;;;;',
    '',
  ].join('\r\n');
  return (
    <Section
      title={t('brought.looksLike')}
      hint={t('brought.looksLikeHint')}
      actions={
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => save(t('brought.sampleName'), sample)}>
          {t('brought.sample')}
        </Button>
      }
    >
      <Scroll label={t('brought.columnsLabel')}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t('brought.column')}</th>
              <th scope="col">{t('brought.readAs')}</th>
              <th scope="col">{t('brought.neededFor')}</th>
            </tr>
          </thead>
          <tbody>
            {columns.map(column => {
              const also = alsoNeeded[column];
              return (
                <tr key={column}>
                  <th scope="row">
                    <code>{column}</code>
                  </th>
                  <td>{t(`brought.columns.${column}`)}</td>
                  <td>{needed.includes(column) ? t('brought.always') : also && t(`brought.${also}`)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Section>
  );
}

interface StartProps {
  file: ConsentFile;
  source: string | null;
  onSource: (source: string | null) => void;
  running: boolean;
  start: (dry: boolean) => void;
}

function Start({file, source, onSource, running, start}: StartProps) {
  const {t} = useTranslation();
  const sources = useSources();
  if (sources.isPending) return <Loading lines={2} height={36} />;
  if (sources.error) return <Failed error={sources.error} retry={() => void sources.refetch()} />;
  return (
    <Section title={t('brought.statements', {count: file.count})} hint={t('brought.checkHint')}>
      <div className="stack">
        <Select
          className={classes.source}
          label={t('brought.source')}
          description={t('brought.sourceHint')}
          nothingFoundMessage={t('brought.noSources')}
          searchable
          disabled={running}
          value={source}
          onChange={onSource}
          data={sources.data.map(each => ({value: each.id, label: each.name ? `${each.name} (${each.id})` : each.id}))}
        />
        <div className="row">
          <Button variant="default" disabled={!source || running} onClick={() => start(true)}>
            {t('brought.check')}
          </Button>
          <Button disabled={!source || running} onClick={() => start(false)}>
            {t('brought.take')}
          </Button>
        </div>
      </div>
    </Section>
  );
}
