// How far a file is, and what became of its lines.
import {Button, VisuallyHidden} from '@mantine/core';
import {IconDownload} from '@tabler/icons-react';
import type {TFunction} from 'i18next';
import {useTranslation} from 'react-i18next';
import {useFormats} from '../../i18n/format';
import {Section} from '../../parts/page';
import {asProblem, explain} from '../../parts/problem';
import {Warning} from '../../parts/warning';
import {reasonOf} from './import-reasons';
import {type LineResult, resultsAsCsv, type Run, save} from './import-run';
import classes from './import.module.css';

const mostShown = 50;

function titleOf(t: TFunction, {state, dry}: Run): string {
  if (state === 'running') return dry ? t('brought.checking') : t('brought.running');
  if (state === 'done') return dry ? t('brought.doneCheck') : t('brought.done');
  return dry ? t('brought.stoppedCheck') : t('brought.stopped');
}

interface ResultProps {
  run: Run;
  results: LineResult[];
  stop: () => void;
  goOn: (run: Run) => void;
}

export function ImportResult({run, results, stop, goOn}: ResultProps) {
  const {t} = useTranslation();
  const format = useFormats();
  const title = titleOf(t, run);
  const over = run.state !== 'running';
  const sums = [
    [run.dry ? t('brought.wouldBeTaken') : t('brought.taken'), run.taken],
    [t('brought.thereAlready'), run.thereAlready],
    [t('brought.refused'), run.refused],
    [t('brought.made'), run.made],
    [t('brought.gaps'), run.gaps],
  ] as const;
  return (
    <Section
      title={title}
      actions={
        over && results.length > 0 && (
          <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} onClick={() => save(t('brought.downloadName'), resultsAsCsv(results))}>
            {t('brought.download')}
          </Button>
        )
      }
    >
      <div className="stack">
        <div className="row">
          <progress className={classes.progress} aria-label={title} max={run.file.count} value={run.sent} />
          <span className="figures">{t('brought.progress', {sent: format.number(run.sent), count: format.number(run.file.count)})}</span>
          {!over && (
            <Button size="compact-md" variant="default" onClick={stop}>
              {t('brought.stop')}
            </Button>
          )}
          {over && run.state !== 'done' && (
            <Button size="compact-md" onClick={() => goOn(run)}>
              {t('brought.goOn')}
            </Button>
          )}
        </div>
        {run.state === 'failed' && (
          <div role="alert">
            <Warning>
              <p className="wrap">{explain(t, asProblem(run.error))}</p>
            </Warning>
          </div>
        )}
        {/* Told when it is over, not at each part. */}
        <VisuallyHidden role="status">
          {over && `${title}: ${sums.slice(0, 3).map(([name, count]) => `${name} ${format.number(count)}`).join(', ')}.`}
        </VisuallyHidden>
        <dl className={classes.sums}>
          {sums.map(([name, count]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{format.number(count)}</dd>
            </div>
          ))}
        </dl>
        {run.gaps > 0 && <p className="soft small">{t('brought.gapsHint')}</p>}
        {over && run.refused > 0 && <Refused results={results} count={run.refused} />}
      </div>
    </Section>
  );
}

function Refused({results, count}: {results: LineResult[]; count: number}) {
  const {t} = useTranslation();
  const format = useFormats();
  const shown: LineResult[] = [];
  for (const each of results) {
    if (shown.length === mostShown) break;
    if (each.outcome === 'refused') shown.push(each);
  }
  return (
    <div className="stack-tight">
      <h3 id="refused">{t('brought.refusedTitle')}</h3>
      <p className="soft small">
        {t('brought.mend')} {count > shown.length && t('brought.firstOf', {shown: format.number(shown.length), total: format.number(count)})}
      </p>
      <table className={`${classes.table} ${classes.refused}`} aria-labelledby="refused">
        <thead>
          <tr>
            <th scope="col">{t('brought.line')}</th>
            <th scope="col">{t('brought.field')}</th>
            <th scope="col">{t('brought.reason')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(each => {
            const reason = reasonOf(each.reason);
            return (
              <tr key={each.line}>
                <th scope="row">{format.number(each.line)}</th>
                <td>{each.field === 'line' ? t('brought.wholeLine') : <code>{each.field}</code>}</td>
                <td>{reason ? t(`brought.reasons.${reason}`) : each.reason}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
