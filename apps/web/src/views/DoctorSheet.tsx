import type { Check, DoctorReport } from '@underdock/trace';
import { CopyButton } from './CopyButton.tsx';
import { Sheet } from './Sheet.tsx';

const WORDS: Record<Check['state'], string> = { ok: 'ok', limited: 'limited', missing: 'missing' };

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
          <li key={check.name} className={`check is-${check.state}`}>
            <span className="check-state">{WORDS[check.state]}</span>
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

/** A remedy is a sentence, with the command to type behind its last colon if there is one. */
function Remedy({ text }: { text: string }) {
  const command = /:\s+([a-z][\w./-]* [^:]+)$/.exec(text)?.[1];
  return (
    <p className="remedy">
      {text} {command && <CopyButton text={command} label="Copy the command" />}
    </p>
  );
}

function rank(check: Check): number {
  return { missing: 0, limited: 1, ok: 2 }[check.state];
}

/** How the top bar sums a report up. */
export function hostWord(report: DoctorReport | undefined): {
  word: string;
  more?: string;
  state: Check['state'];
} {
  if (!report) return { word: 'host …', state: 'limited' };
  const missing = report.checks.filter((check) => check.state === 'missing').length;
  const limited = report.checks.filter((check) => check.state === 'limited').length;
  if (report.can.runtimes.length === 0) return { word: 'host can’t run containers', state: 'missing' };
  if (missing + limited === 0) return { word: 'host ok', state: 'ok' };
  const limits = missing + limited;
  return { word: 'host ok', more: `, ${limits} ${limits === 1 ? 'limit' : 'limits'}`, state: 'limited' };
}
