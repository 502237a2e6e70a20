// What can be changed of a source: its plan, the words of its consent tool, how much it may send.
import {ActionIcon, Button, MultiSelect, NumberInput, Switch, Textarea, TextInput} from '@mantine/core';
import {IconPencil, IconPlus, IconTrash} from '@tabler/icons-react';
import {type ReactNode, useState} from 'react';
import {useTranslation} from 'react-i18next';
import type {Source} from '../../api/sources';
import {api, takeTagged} from '../../api/client';
import {usePurposes, usePurposeText} from '../../api/purposes';
import {useFormats} from '../../i18n/format';
import {Section} from '../../parts/page';
import {fieldError} from '../../parts/problem';
import {UnitField} from '../../parts/unit';
import {useSourceChange} from './queries';
import classes from './sources.module.css';

interface EditorProps {
  source: Source;
  mayChange: boolean;
}

// A part of the page that is read until somebody wants to change it.
function Editable({title, hint, mayChange, editing, onEdit, children}: {title: string; hint?: string; mayChange: boolean; editing: boolean; onEdit: () => void; children: ReactNode}) {
  const {t} = useTranslation();
  return (
    <Section
      title={title}
      hint={hint}
      actions={
        mayChange &&
        !editing && (
          <Button variant="default" leftSection={<IconPencil size={16} aria-hidden />} onClick={onEdit} aria-label={t('common.changeNamed', {what: title})}>
            {t('common.change')}
          </Button>
        )
      }
    >
      {children}
    </Section>
  );
}

function Buttons({busy, onSave, onCancel, disabled}: {busy: boolean; onSave: () => void; onCancel: () => void; disabled?: boolean}) {
  const {t} = useTranslation();
  return (
    <div className="row">
      <Button onClick={onSave} loading={busy} disabled={disabled}>
        {t('common.save')}
      </Button>
      <Button variant="subtle" color="gray" onClick={onCancel}>
        {t('common.cancel')}
      </Button>
    </div>
  );
}

// "Order Completed: order_id, total" a line.
function planText(plan: Source['plan']): string {
  return Object.entries(plan.events)
    .map(([event, fields]) => `${event}: ${fields.join(', ')}`)
    .join('\n');
}

function parsePlan(text: string): Record<string, string[]> {
  const events: Record<string, string[]> = {};
  for (const line of text.split('\n')) {
    const [event, ...rest] = line.split(':');
    if (!event?.trim()) continue;
    events[event.trim()] = rest.join(':').split(',').map(field => field.trim()).filter(Boolean);
  }
  return events;
}

export function PlanEditor({source, mayChange}: EditorProps) {
  const {t} = useTranslation();
  const [editing, setEditing] = useState(false);
  const [declared, setDeclared] = useState(source.plan.declared);
  const [events, setEvents] = useState('');
  const [unlinked, setUnlinked] = useState('');
  const save = useSourceChange(source.id, t('sources.planSaved'), (etag, _: void) =>
    takeTagged(
      api.PUT('/api/v1/sources/{id}/plan', {
        params: {path: {id: source.id}, header: {'If-Match': etag}},
        body: {
          declared,
          ...(declared ? {events: parsePlan(events)} : {}),
          unlinked_properties: unlinked.split(',').map(field => field.trim()).filter(Boolean),
        },
      }),
    ),
  );
  function begin() {
    setDeclared(source.plan.declared);
    setEvents(planText(source.plan));
    setUnlinked(source.plan.unlinked_properties.join(', '));
    setEditing(true);
  }
  return (
    <Editable title={t('sources.plan')} hint={t('sources.planHint')} mayChange={mayChange} editing={editing} onEdit={begin}>
      {editing ? (
        <div className="stack">
          <Switch label={t('sources.planDeclared')} checked={declared} onChange={event => setDeclared(event.currentTarget.checked)} />
          {declared && (
            <Textarea
              label={t('sources.planEvents')}
              description={t('sources.planEventsHint')}
              autosize
              minRows={4}
              maxRows={16}
              value={events}
              onChange={event => setEvents(event.currentTarget.value)}
              className={classes.code}
              spellCheck={false}
            />
          )}
          <TextInput label={t('sources.planUnlinked')} description={t('sources.planUnlinkedHint')} value={unlinked} onChange={event => setUnlinked(event.currentTarget.value)} />
          <Buttons busy={save.isPending} onCancel={() => setEditing(false)} onSave={() => save.mutate(undefined, {onSuccess: () => setEditing(false)})} />
        </div>
      ) : source.plan.declared ? (
        <dl className={classes.plan}>
          {Object.entries(source.plan.events).map(([event, fields]) => (
            <div key={event}>
              <dt>{event}</dt>
              <dd>{fields.includes('*') ? t('sources.anyField') : fields.length === 0 ? t('sources.noField') : fields.join(', ')}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="small">{t('sources.noPlan')}</p>
      )}
    </Editable>
  );
}

export function CategoriesEditor({source, mayChange}: EditorProps) {
  const {t} = useTranslation();
  const {purposes} = usePurposes();
  const purposeText = usePurposeText();
  const [rows, setRows] = useState<{name: string; purposes: string[]}[] | null>(null);
  const save = useSourceChange(source.id, t('sources.categoriesSaved'), (etag, _: void) =>
    takeTagged(
      api.PUT('/api/v1/sources/{id}/consent-categories', {
        params: {path: {id: source.id}, header: {'If-Match': etag}},
        body: Object.fromEntries((rows ?? []).filter(row => row.name.trim() !== '').map(row => [row.name.trim(), row.purposes])),
      }),
    ),
  );
  const current = Object.entries(source.consent_categories);
  const change = (index: number, row: {name: string; purposes: string[]}) => setRows(before => before?.map((old, at) => (at === index ? row : old)) ?? null);
  return (
    <Editable
      title={t('sources.categories')}
      hint={t('sources.categoriesHint')}
      mayChange={mayChange}
      editing={rows !== null}
      onEdit={() => setRows(current.length > 0 ? current.map(([name, its]) => ({name, purposes: its})) : [{name: '', purposes: []}])}
    >
      {rows ? (
        <div className="stack">
          {rows.map((row, index) => (
            <div key={index} className={classes.category}>
              <TextInput label={t('sources.category')} value={row.name} maxLength={200} onChange={event => change(index, {...row, name: event.currentTarget.value})} />
              <MultiSelect
                label={t('sources.standsFor')}
                value={row.purposes}
                onChange={value => change(index, {...row, purposes: value})}
                data={purposes.map(purpose => ({value: purpose.name, label: purposeText(purpose.name)}))}
                searchable
              />
              <ActionIcon
                variant="default"
                size="lg"
                aria-label={t('sources.removeCategory', {name: row.name})}
                onClick={() => setRows(rows.filter((_, at) => at !== index))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </div>
          ))}
          <Button variant="subtle" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setRows([...rows, {name: '', purposes: []}])} className={classes.start}>
            {t('sources.addCategory')}
          </Button>
          <Buttons busy={save.isPending} onCancel={() => setRows(null)} onSave={() => save.mutate(undefined, {onSuccess: () => setRows(null)})} />
        </div>
      ) : current.length === 0 ? (
        <p className="small">{t('sources.noCategories')}</p>
      ) : (
        <dl className={classes.plan}>
          {current.map(([name, its]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{its.map(purposeText).join(', ')}</dd>
            </div>
          ))}
        </dl>
      )}
    </Editable>
  );
}

export function QuotaEditor({source, mayChange}: EditorProps) {
  const {t} = useTranslation();
  const format = useFormats();
  const [editing, setEditing] = useState(false);
  const [own, setOwn] = useState(false);
  const [perSecond, setPerSecond] = useState<number | string>(1000);
  const [burst, setBurst] = useState<number | string>('');
  const save = useSourceChange(source.id, t('sources.quotaSaved'), (etag, _: void) =>
    takeTagged(
      api.PUT('/api/v1/sources/{id}/quota', {
        params: {path: {id: source.id}, header: {'If-Match': etag}},
        body: own ? {events_per_second: Number(perSecond), burst: burst === '' ? null : Number(burst)} : null,
      }),
    ),
  );
  function begin() {
    setOwn(source.quota !== null);
    setPerSecond(source.quota?.events_per_second ?? 1000);
    setBurst(source.quota?.burst ?? '');
    setEditing(true);
  }
  return (
    <Editable title={t('sources.quota')} hint={t('sources.quotaHint')} mayChange={mayChange} editing={editing} onEdit={begin}>
      {editing ? (
        <div className="stack">
          <Switch label={t('sources.quotaOwn')} checked={own} onChange={event => setOwn(event.currentTarget.checked)} />
          {own && (
            <div className={classes.fields}>
              <NumberInput label={t('sources.perSecond')} min={1} max={10_000_000} value={perSecond} onChange={setPerSecond} hideControls />
              <NumberInput label={t('sources.burst')} description={t('sources.burstHint')} min={1} max={1_000_000_000} value={burst} onChange={setBurst} hideControls />
            </div>
          )}
          <Buttons busy={save.isPending} disabled={own && perSecond === ''} onCancel={() => setEditing(false)} onSave={() => save.mutate(undefined, {onSuccess: () => setEditing(false)})} />
        </div>
      ) : (
        <p className="small">
          {source.quota
            ? t('sources.quotaIs', {perSecond: format.number(source.quota.events_per_second), burst: format.number(source.quota.burst)})
            : t('sources.quotaUsual')}
        </p>
      )}
    </Editable>
  );
}

export function UnitEditor({source, mayChange}: EditorProps) {
  const {t} = useTranslation();
  const [unit, setUnit] = useState<string | null>(null);
  const save = useSourceChange(source.id, t('units.saved'), (etag, to: string) =>
    takeTagged(api.PUT('/api/v1/sources/{id}/unit', {params: {path: {id: source.id}, header: {'If-Match': etag}}, body: {unit: to}})),
  );
  return (
    <Editable title={t('units.unit')} hint={t('units.sourceHint')} mayChange={mayChange} editing={unit !== null} onEdit={() => setUnit(source.unit)}>
      {unit !== null ? (
        <div className="stack">
          <UnitField value={unit} onChange={setUnit} hint={t('units.form')} error={fieldError(save.error, 'unit')} />
          <Buttons busy={save.isPending} onCancel={() => setUnit(null)} onSave={() => save.mutate(unit, {onSuccess: () => setUnit(null)})} />
        </div>
      ) : (
        <p className="small">{source.unit || t('units.all')}</p>
      )}
    </Editable>
  );
}
