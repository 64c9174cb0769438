import type { Check, DoctorReport } from '@underdock/trace';
import { CopyButton } from './CopyButton.tsx';
import { Sheet } from './Sheet.tsx';

/** Something that underdock does well without (`nothing: underdock’s own engine is used`) is no limit. */
export function isLimit(check: Check): boolean {
  return check.state !== 'ok' && !check.effect?.startsWith('nothing');
}

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

/** How the top bar sums a report up. */
export function hostWord(report: DoctorReport | undefined): {
  word: string;
  more?: string;
  state: Check['state'];
} {
  if (!report) return { word: 'host …', state: 'limited' };
  const limits = report.checks.filter(isLimit).length;
  if (report.can.runtimes.length === 0) return { word: 'host can’t run containers', state: 'missing' };
  if (limits === 0) return { word: 'host ok', state: 'ok' };
  return { word: 'host ok', more: `, ${limits} ${limits === 1 ? 'limit' : 'limits'}`, state: 'limited' };
}
