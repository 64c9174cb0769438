import { type DoctorReport, runRequestSchema } from '@underdock/trace';
import { type FormEvent, useState } from 'react';
import { Refused } from '../Refused.tsx';
import { useStart } from '../useStart.ts';
import { ConfigLook } from './ConfigLook.tsx';
import { type Draft, readCommand, requestOf, writeCommand } from './commandLine.ts';
import { Fault } from './Fault.tsx';
import { OptionField } from './OptionField.tsx';
import { GROUPS, OPTIONS, type RunOption, WHAT_RUNS } from './options.ts';
import { RuntimeChoice } from './RuntimeChoice.tsx';
import { ViaChoice } from './ViaChoice.tsx';

type Faults = Readonly<Record<string, string>>;

interface RunFormProps {
  first: Draft;
  doctor: DoctorReport | undefined;
  onStarted: (run: string, draft: Draft) => void;
}

/** A run put together: the command line and the fields show the same, whichever one types into. */
export function RunForm({ first, doctor, onStarted }: RunFormProps) {
  const form = useRunForm(first, onStarted);
  const { faults } = form;
  return (
    <form className="run-form" onSubmit={form.submit} noValidate>
      <label className="command-field">
        <span>The command, as one would type it</span>
        <textarea
          rows={2}
          data-first
          value={form.line}
          onChange={(event) => form.type(event.target.value)}
          spellCheck={false}
          autoComplete="off"
          aria-invalid={faults.line !== undefined}
          aria-describedby={faults.line ? 'fault-line' : undefined}
        />
        <Fault id="fault-line" text={faults.line} />
      </label>
      <div className="form-actions">
        <button type="submit" className="primary" disabled={form.busy}>
          {form.busy ? 'Starting …' : 'Run it'}
        </button>
        <Refused refused={form.refused} />
      </div>
      {form.draft.via === 'oci' && !form.draft.bundle && (
        <ConfigLook request={form.request} edited={form.config} onEdit={form.edit} />
      )}
      <FormFields form={form} doctor={doctor} />
    </form>
  );
}

function FormFields({ form, doctor }: { form: FormState; doctor: DoctorReport | undefined }) {
  const { draft, faults, change } = form;
  const field = (option: RunOption) => (
    <OptionField
      key={option.key}
      option={option}
      value={draft[option.key]}
      fault={faults[option.key]}
      onChange={(value) => change(option.key, value)}
    />
  );
  return (
    <div className="form-columns">
      <fieldset>
        <legend className="group-title">Image and command</legend>
        {WHAT_RUNS.map(field)}
        <ViaChoice
          doctor={doctor}
          value={String(draft.via ?? '')}
          onChange={(value) => change('via', value)}
        />
        <RuntimeChoice
          doctor={doctor}
          value={String(draft.runtime ?? '')}
          fault={faults.runtime}
          onChange={(value) => change('runtime', value)}
        />
      </fieldset>
      {GROUPS.map((group) => (
        <fieldset key={group.key}>
          <legend className="group-title">{group.title}</legend>
          {OPTIONS.filter((option) => option.group === group.key && !CHOSEN.has(option.key)).map(field)}
        </fieldset>
      ))}
    </div>
  );
}

/** These have a field of their own. */
const CHOSEN = new Set(['runtime', 'via']);

type FormState = ReturnType<typeof useRunForm>;

function useRunForm(first: Draft, onStarted: (run: string, draft: Draft) => void) {
  const [draft, setDraft] = useState(first);
  const [line, setLine] = useState(() => writeCommand(first));
  const [faults, setFaults] = useState<Faults>({});
  const [config, edit] = useState<string>();
  const { busy, refused, start } = useStart((run) => onStarted(run, draft));
  const change = (key: string, value: Draft[string]) => {
    const next = { ...draft, [key]: value };
    setDraft(next);
    setLine(writeCommand(next));
    setFaults(({ [key]: _, line: __, ...rest }) => rest);
  };
  const type = (text: string) => {
    const read = readCommand(text);
    setLine(text);
    setDraft(read.draft);
    setFaults(read.problem && text.trim() !== '' ? { line: read.problem } : {});
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found = faultsOf(line, draft);
    setFaults(found);
    const { request } = requestOf(draft);
    const edited = draft.via === 'oci' && config !== undefined ? { config } : {};
    if (Object.keys(found).length === 0) void start({ ...request, ...edited });
  };
  const { request } = requestOf(draft);
  return { draft, line, faults, busy, refused, change, type, submit, request, config, edit };
}

/** What is wrong with a draft, by field; `line` = the command line as a whole. */
function faultsOf(line: string, draft: Draft): Faults {
  const read = readCommand(line);
  if (read.problem) return { line: read.problem };
  const { request, problem } = requestOf(draft);
  if (problem) return { command: problem };
  const parsed = runRequestSchema.safeParse(request);
  if (parsed.success) return {};
  return Object.fromEntries(
    parsed.error.issues.map((issue) => [String(issue.path[0] ?? 'line'), issue.message]),
  );
}
