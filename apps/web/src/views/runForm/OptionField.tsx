import type { Draft } from './commandLine.ts';
import { Fault } from './Fault.tsx';
import type { RunOption } from './options.ts';

/** One option: its flag, its field, and what becomes of it in the kernel. */
export function OptionField(props: {
  option: RunOption;
  value: Draft[string] | undefined;
  fault: string | undefined;
  onChange: (value: Draft[string]) => void;
}) {
  const { option, fault } = props;
  const id = `field-${option.key}`;
  const described = {
    'aria-describedby': `about-${option.key} fault-${option.key}`,
    'aria-invalid': fault !== undefined,
  };
  if (option.kind === 'switch') {
    return (
      <div className="option">
        <label className="switch">
          <input
            type="checkbox"
            id={id}
            checked={props.value === true}
            onChange={(event) => props.onChange(event.target.checked)}
            {...described}
          />
          {option.label} <code>{option.flag}</code>
        </label>
        <About option={option} fault={fault} />
      </div>
    );
  }
  const text =
    option.kind === 'list'
      ? ((props.value as string[] | undefined) ?? []).join('\n')
      : String(props.value ?? '');
  return (
    <div className="option">
      <label htmlFor={id}>
        {option.label} <code>{option.flag}</code>
      </label>
      {option.kind === 'list' ? (
        <textarea
          id={id}
          className="mono"
          rows={Math.max(1, text.split('\n').length)}
          value={text}
          placeholder={`${option.example} (one a line)`}
          onChange={(event) =>
            props.onChange(event.target.value === '' ? [] : event.target.value.split('\n'))
          }
          spellCheck={false}
          {...described}
        />
      ) : (
        <input
          id={id}
          className="mono"
          value={text}
          placeholder={option.example}
          onChange={(event) => props.onChange(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          {...described}
        />
      )}
      <About option={option} fault={fault} />
    </div>
  );
}

function About({ option, fault }: { option: RunOption; fault: string | undefined }) {
  return (
    <>
      <p id={`about-${option.key}`}>{option.becomes}</p>
      <Fault id={`fault-${option.key}`} text={fault} />
    </>
  );
}
