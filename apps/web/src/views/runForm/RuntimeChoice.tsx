import type { DoctorReport } from '@underdock/trace';
import { Fault } from './Fault.tsx';

/** The low-level runtimes that underdock can drive, and what each is. */
const RUNTIMES: readonly { name: string; about: string }[] = [
  { name: 'runc', about: 'the one that most engines use, written in Go' },
  { name: 'crun', about: 'the same task, written in C' },
  { name: 'by-hand', about: 'no runtime: commands that you could type yourself' },
];

/** Which program builds the container: only what this host has can be chosen, the others say what they lack. */
export function RuntimeChoice(props: {
  doctor: DoctorReport | undefined;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}) {
  const { doctor, value } = props;
  const here = doctor?.can.runtimes ?? [];
  const others = here.filter((name) => !RUNTIMES.some((one) => one.name === name));
  const all = [...RUNTIMES, ...others.map((name) => ({ name, about: 'found on this host' }))];
  return (
    <fieldset className="runtimes">
      <legend>
        Low-level runtime <code>--runtime</code>
      </legend>
      <label className="switch">
        <input type="radio" name="runtime" checked={value === ''} onChange={() => props.onChange('')} />
        the best one here{here[0] ? `: ${here[0]}` : ''}
      </label>
      {all.map(({ name, about }) => {
        const missing = doctor !== undefined && !here.includes(name);
        return (
          <label className="switch" key={name}>
            <input
              type="radio"
              name="runtime"
              checked={value === name}
              disabled={missing}
              onChange={() => props.onChange(name)}
            />
            <span>
              <code>{name}</code> {about}
              {missing && <span className="why-not">{whyMissing(doctor, name)}</span>}
            </span>
          </label>
        );
      })}
      <Fault id="fault-runtime" text={props.fault} />
    </fieldset>
  );
}

function whyMissing(doctor: DoctorReport, name: string): string {
  const check = doctor.checks.find((one) => one.name === name);
  if (!check) return 'not on this host';
  return [check.found, check.remedy].filter(Boolean).join('. ');
}
