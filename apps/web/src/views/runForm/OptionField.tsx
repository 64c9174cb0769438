import type { Draft } from './commandLine.ts';
import { Fault } from './Fault.tsx';
import type { RunOption } from './options.ts';

interface OptionFieldProps {
  option: RunOption;
  value: Draft[string] | undefined;
  fault: string | undefined;
  onChange: (value: Draft[string]) => void;
}

/** One option: its flag, its field, and what becomes of it in the kernel. */
export function OptionField(props: OptionFieldProps) {
  const { option, fault } = props;
  return (
    <div className="option">
      {option.kind === 'switch' ? <SwitchField {...props} /> : <WrittenField {...props} />}
      <p id={`about-${option.key}`}>{option.becomes}</p>
      <Fault id={`fault-${option.key}`} text={fault} />
    </div>
  );
}

function described({ option, fault }: OptionFieldProps) {
  return {
    id: `field-${option.key}`,
    'aria-describedby': `about-${option.key}${fault ? ` fault-${option.key}` : ''}`,
    'aria-invalid': fault !== undefined,
  };
}

function SwitchField(props: OptionFieldProps) {
  const { option, value, onChange } = props;
  return (
    <label className="switch">
      <input
        type="checkbox"
        checked={value === true}
        onChange={(event) => onChange(event.target.checked)}
        {...described(props)}
      />
      {option.label} <code>{option.flag}</code>
    </label>
  );
}

function WrittenField(props: OptionFieldProps) {
  const { option, value, onChange } = props;
  const lines = Array.isArray(value) ? value : [];
  return (
    <>
      <label htmlFor={`field-${option.key}`}>
        {option.label} <code>{option.flag}</code>
      </label>
      {option.kind === 'list' ? (
        <textarea
          className="mono"
          rows={Math.max(1, lines.length)}
          value={lines.join('\n')}
          placeholder={`${option.example} (one a line)`}
          onChange={(event) => onChange(event.target.value === '' ? [] : event.target.value.split('\n'))}
          spellCheck={false}
          {...described(props)}
        />
      ) : (
        <input
          className="mono"
          value={typeof value === 'string' ? value : ''}
          placeholder={option.example}
          onChange={(event) => onChange(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          {...described(props)}
        />
      )}
    </>
  );
}
