import type { Check, DoctorReport } from '@underdock/trace';
import { CopyButton } from './CopyButton.tsx';
import { isLimit } from './hostWords.ts';
import { Sheet } from './Sheet.tsx';

function wordFor(check: Check): string {
  return check.state === 'ok' || isLimit(check) ? check.state : 'not here';
}

/** The checks of `underdock doctor`: what this host can and can't do, each with its remedy. */
export function DoctorSheet(props: { report: DoctorReport | undefined; open: boolean; onClose: () => void }) {
  const { report } = props;
  return (
    <Sheet
      title="What this host can do"
      about="What underdock found when it looked at this machine, and how to get what is missing."
      open={props.open}
      onClose={props.onClose}
      wide
    >
      {report ? <Report report={report} /> : <p>The agent has not answered yet.</p>}
    </Sheet>
  );
}

function Report({ report }: { report: DoctorReport }) {
  const { host } = report;
  const order = [...report.checks].sort((a, b) => rank(a) - rank(b));
  return (
    <>
      <p className="host-line">
        {host.os} · kernel {host.kernel} · {host.arch} · cgroups {host.cgroup} ·{' '}
        {host.root ? 'root' : 'an ordinary user'}
        {host.environment.length > 0 && ` · ${host.environment.join(', ')}`}
      </p>
      <ul className="checks">
        {order.map((check) => (
          <li key={check.name} className={isLimit(check) ? `check is-${check.state}` : 'check'}>
            <span className="check-state">{wordFor(check)}</span>
            <div>
              <strong>{check.name}</strong>
              <p>{check.found}</p>
              {check.state !== 'ok' && check.effect && <p>{check.effect}</p>}
              {check.state !== 'ok' && check.remedy && <Remedy text={check.remedy} />}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

/** A remedy is a sentence; what stands behind a colon in a part of it is a command to type. */
function Remedy({ text }: { text: string }) {
  return text.split('; ').map((part) => {
    const command = /:\s+([a-z][\w./-]* [^:]+)$/.exec(part)?.[1];
    return (
      <p className="remedy" key={part}>
        {part} {command && <CopyButton text={command} label="Copy the command" />}
      </p>
    );
  });
}

function rank(check: Check): number {
  return isLimit(check) ? { missing: 0, limited: 1, ok: 2 }[check.state] : check.state === 'ok' ? 2 : 3;
}
