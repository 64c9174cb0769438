import { type DoctorReport, runRequestSchema } from '@underdock/trace';
import { type FormEvent, useState } from 'react';
import { Refused } from '../Refused.tsx';
import { useStart } from '../useStart.ts';
import { type Draft, readCommand, requestOf, writeCommand } from './commandLine.ts';
import { Fault } from './Fault.tsx';
import { OptionField } from './OptionField.tsx';
import { GROUPS, OPTIONS } from './options.ts';
import { RuntimeChoice } from './RuntimeChoice.tsx';

type Faults = Readonly<Record<string, string>>;

/** A run put together: the command line and the fields show the same, whichever one types into. */
export function RunForm(props: {
  first: Draft;
  doctor: DoctorReport | undefined;
  onStarted: (run: string, draft: Draft) => void;
}) {
  const form = useRunForm(props.first, props.onStarted);
  const { draft, faults, change } = form;
  const fields = OPTIONS.filter((option) => option.key !== 'runtime');
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
      <div className="form-columns">
        <fieldset>
          <legend className="group-title">Image and command</legend>
          <TextField
            id="image"
            label="Image"
            value={draft.image}
            becomes="Where the files come from. starter is built from this host’s own files and needs no network; any image of any registry works with one."
            fault={faults.image}
            onChange={(value) => change('image', value)}
          />
          <TextField
            id="command"
            label="Command"
            value={draft.command}
            becomes="What execve(2) starts inside. Without it, the image’s own command."
            fault={faults.command}
            onChange={(value) => change('command', value)}
          />
          <RuntimeChoice
            doctor={props.doctor}
            value={String(draft.runtime ?? '')}
            fault={faults.runtime}
            onChange={(value) => change('runtime', value)}
          />
        </fieldset>
        {GROUPS.map((group) => (
          <fieldset key={group.key}>
            <legend className="group-title">{group.title}</legend>
            {fields
              .filter((option) => option.group === group.key)
              .map((option) => (
                <OptionField
                  key={option.key}
                  option={option}
                  value={draft[option.key]}
                  fault={faults[option.key]}
                  onChange={(value) => change(option.key, value)}
                />
              ))}
          </fieldset>
        ))}
      </div>
    </form>
  );
}

function TextField(props: {
  id: string;
  label: string;
  value: unknown;
  becomes: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}) {
  const { id, fault } = props;
  return (
    <div className="option">
      <label htmlFor={`field-${id}`}>{props.label}</label>
      <input
        id={`field-${id}`}
        className="mono"
        value={String(props.value ?? '')}
        onChange={(event) => props.onChange(event.target.value)}
        aria-invalid={fault !== undefined}
        aria-describedby={`about-${id} fault-${id}`}
        spellCheck={false}
        autoComplete="off"
      />
      <p id={`about-${id}`}>{props.becomes}</p>
      <Fault id={`fault-${id}`} text={fault} />
    </div>
  );
}

function useRunForm(first: Draft, onStarted: (run: string, draft: Draft) => void) {
  const [draft, setDraft] = useState(first);
  const [line, setLine] = useState(() => writeCommand(first));
  const [faults, setFaults] = useState<Faults>({});
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
    if (Object.keys(found).length === 0) void start(requestOf(draft).request);
  };
  return { draft, line, faults, busy, refused, change, type, submit };
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
