import type { DoctorReport } from '@underdock/trace';
import pc from 'picocolors';
import { examineHost } from '../doctor/examine.ts';
import type { Outside } from './program.ts';
import { openStateFolder, stateFolder } from './stateFolder.ts';
import { tame } from './words.ts';

/** `underdock doctor`. Returns 0 if something can run here, else 1. */
export async function doctorAct(
  flags: { json?: boolean; state?: string },
  outside: Outside,
): Promise<number> {
  const { streams, env, uid } = outside;
  const stateDir = openStateFolder(stateFolder({ flag: flags.state, env, uid }));
  const report = await examineHost({ stateDir, env });
  const colour = streams.stdout.isTTY === true && !env.NO_COLOR;
  streams.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, colour));
  return report.can.vias.length > 0 ? 0 : 1;
}

/** The report in aligned lines; the state of each check is a word, not only a colour. */
export function reportText(report: DoctorReport, colour: boolean): string {
  const c = pc.createColors(colour);
  const paint = { ok: c.green, limited: c.yellow, missing: c.red };
  const width = Math.max(...report.checks.map((check) => check.name.length));
  const { os, kernel, arch, cgroup, root } = report.host;
  const lines = [
    `${tame(os)}, kernel ${tame(kernel)}, ${arch}, cgroups ${cgroup}, ${root ? 'root' : 'not root'}`,
    '',
  ];
  for (const { name, state, found, effect, remedy } of report.checks) {
    lines.push(`  ${paint[state](state.padEnd(7))}  ${name.padEnd(width)}  ${tame(found)}`);
    const indent = ' '.repeat(width + 13);
    if (state !== 'ok' && effect) lines.push(`${indent}so: ${tame(effect)}`);
    if (state !== 'ok' && remedy) lines.push(`${indent}do: ${tame(remedy)}`);
  }
  const { vias, runtimes, watch } = report.can;
  lines.push('');
  if (vias.length === 0) lines.push('No container can run here; recorded traces can be looked at.');
  else lines.push(`Containers can run here: via ${vias.join(', ')}; with ${runtimes.join(', ')}.`);
  lines.push(`What the kernel does is seen by: ${watch.join(', ') || 'nothing'}.`);
  return `${lines.join('\n')}\n`;
}
