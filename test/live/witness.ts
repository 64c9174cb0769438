import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TraceEvent } from '@underdock/trace';
import { WITNESS_PROGRAM } from './witnessProgram.ts';

/** One line of the witness: what was done, by whom, and its fields as text. */
export interface Witnessed {
  act: string;
  pid: number;
  fields: string[];
}

/** What a witness has to say at its end. */
export interface Testimony {
  seen: Witnessed[];
  /** Child by parent, both thread-group ids where processes are concerned. */
  forks: { parent: number; child: number }[];
  /** Records that it lost: then it does not judge. */
  lost: number;
}

/** A second bpftrace that watches the whole host, written apart from the one that is judged. */
export interface Witness {
  /** Waits until everything so far has been seen, ends it and tells. */
  end(): Promise<Testimony>;
}

const MOUNT = 'test -e /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing';

/** Starts a witness; resolves when it watches. Needs root. */
export async function startWitness(): Promise<Witness> {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-witness-'));
  const file = join(folder, 'witness.bt');
  writeFileSync(file, WITNESS_PROGRAM);
  const args = [
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    `${MOUNT}; exec bpftrace -f json -B line "$1"`,
  ];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...args, 'sh', file], {
    env: { ...process.env, BPFTRACE_STRLEN: '64', BPFTRACE_PERF_RB_PAGES: '2048' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const testimony: Testimony = { seen: [], forks: [], lost: 0 };
  const ended = new Promise<void>((done) => child.once('close', () => done()));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  let beat: () => void = () => {};
  eachLine(child.stdout, (line) => {
    if (note(line, testimony)) beat();
  });
  const nextBeat = () =>
    Promise.race([
      new Promise<void>((done) => {
        beat = done;
      }),
      ended.then(() => {
        throw new Error(`the witness ended: ${errors.slice(-2000)}`);
      }),
    ]);
  await nextBeat();
  rmSync(folder, { recursive: true });
  return {
    end: async () => {
      await nextBeat();
      await nextBeat();
      await nextBeat();
      child.kill('SIGKILL');
      await ended;
      return testimony;
    },
  };
}

function eachLine(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') take(line);
  });
}

/** Notes a line; true for a heartbeat. */
function note(line: string, testimony: Testimony): boolean {
  const { type, data } = JSON.parse(line.replaceAll(/\\uffffff([0-9a-f]{2})/g, '\\u00$1')) as {
    type: string;
    data: unknown;
  };
  if (type === 'lost_events') testimony.lost += (data as { events: number }).events;
  if (type !== 'printf') return false;
  const [letter, ...words] = String(data).replace(/\n$/, '').split('|');
  if (letter === 'T') return true;
  if (letter === 'F') {
    testimony.forks.push({ parent: Number(words[0]), child: Number(words[2]) });
    return false;
  }
  const [act = '', pid, , ...fields] = words;
  testimony.seen.push({ act, pid: Number(pid), fields });
  return false;
}

/** The processes that descend from `roots`, themselves included. */
export function lineageOf(roots: readonly number[], forks: Testimony['forks']): Set<number> {
  const kin = new Set(roots);
  // The witness prints the buffers of busy processors one after the other: a birth can stand behind that of its children.
  for (let before = 0; before !== kin.size; ) {
    before = kin.size;
    for (const { parent, child } of forks) if (kin.has(parent)) kin.add(child);
  }
  return kin;
}

/** The acts that witness and trace are compared by, as sentences; the same act done twice is there twice. */
export function actsOfWitness(testimony: Testimony, kin: ReadonlySet<number>): string[] {
  // When a process's last two threads end at the same instant, both see that none lives: one death, told twice.
  const births = new Map<number, number>();
  for (const { child } of testimony.forks) births.set(child, (births.get(child) ?? 0) + 1);
  const deaths = new Map<number, number>();
  const isTwice = ({ act, pid }: Witnessed) => {
    if (act !== 'exit') return false;
    deaths.set(pid, (deaths.get(pid) ?? 0) + 1);
    return (deaths.get(pid) ?? 0) > Math.max(1, births.get(pid) ?? 0);
  };
  return testimony.seen.flatMap((seen) => {
    if (isTwice(seen)) return [];
    const act = witnessAct(seen, kin);
    return act === undefined ? [] : [act];
  });
}

const low32 = (hex: string | undefined) => Number(BigInt.asUintN(32, BigInt(`0x${hex || '0'}`)));
const signed = (hex: string | undefined) => low32(hex) | 0;
const outcome = (ret: string | undefined) => (Number(ret) < 0 ? `fails ${-Number(ret)}` : 'works');

function witnessAct({ act, pid, fields }: Witnessed, kin: ReadonlySet<number>): string | undefined {
  if (act === 'oom') return kin.has(Number(fields[0])) ? `oom-kill of ${fields[0]}` : undefined;
  if (act === 'attach') {
    const [hierarchy, attached, path] = fields;
    if (!kin.has(pid) && !kin.has(Number(attached))) return undefined;
    return `${pid} attach ${attached} to ${hierarchy}:${path}`;
  }
  if (!kin.has(pid)) return undefined;
  switch (act) {
    case 'exec':
      return `${pid} executes ${fields[1]}`;
    case 'exit':
      return `${pid} exits ${Number.parseInt(fields[0] ?? '', 16)}`;
    case 'mkdir':
    case 'rmdir':
      return `${pid} ${act} ${fields[0]}:${fields[1]}`;
    case 'write':
      return `${pid} writes ${fields[1]} <- ${fields[2]?.slice(0, 63).trimEnd()}`;
    case 'execve':
    case 'execveat':
      return Number(fields[0]) < 0 ? `${pid} ${act} ${outcome(fields[0])} ${fields[1] ?? ''}` : undefined;
    default:
      return `${pid} ${act} ${outcome(fields[0])} ${callFields(act, fields.slice(1)).join(' ')}`.trimEnd();
  }
}

// Which of a call's numbers are signed, and how many are numbers at all, as the witness's program prints them.
const NUMBERS: Record<string, number> = {
  clone: 1,
  clone3: 0,
  unshare: 1,
  setns: 2,
  mount: 1,
  move_mount: 3,
  fsmount: 2,
  open_tree: 2,
  mount_setattr: 2,
  umount: 1,
  sethostname: 1,
  prctl: 2,
  seccomp: 2,
  setuid: 1,
  setreuid: 2,
  setresuid: 3,
  setgid: 1,
  setregid: 2,
  setresgid: 3,
  setgroups: 1,
  kill: 2,
  tgkill: 3,
  pidfd_send_signal: 2,
  capset: 2,
};

function callFields(act: string, fields: string[]): string[] {
  const numbers = NUMBERS[act] ?? 0;
  if (act === 'sethostname') return [fields[1]?.slice(0, signed(fields[0])) ?? ''];
  return fields.map((field, n) => (n < numbers ? String(signed(field)) : field.slice(0, 63)));
}

// The same fields, in the same order, as the trace's evidence names them.
const RAW: Record<string, string[]> = {
  clone: ['flags'],
  clone3: [],
  fork: [],
  vfork: [],
  unshare: ['flags'],
  setns: ['fd', 'flags'],
  mount: ['flags', 'target', 'fstype'],
  move_mount: ['from_dfd', 'to_dfd', 'flags', 'target'],
  fsmount: ['fd', 'flags'],
  open_tree: ['dfd', 'flags', 'target'],
  mount_setattr: ['dfd', 'flags', 'target'],
  umount2: ['flags', 'target'],
  pivot_root: ['newRoot', 'putOld'],
  chroot: ['path'],
  sethostname: ['hostname'],
  prctl: ['option', 'arg2'],
  seccomp: ['op', 'flags'],
  setuid: ['uid'],
  setreuid: ['ruid', 'euid'],
  setresuid: ['ruid', 'euid', 'suid'],
  setgid: ['gid'],
  setregid: ['rgid', 'egid'],
  setresgid: ['rgid', 'egid', 'sgid'],
  setgroups: ['count'],
  kill: ['targetPid', 'signal'],
  tgkill: ['targetPid', 'targetTid', 'signal'],
  pidfd_send_signal: ['fd', 'signal'],
  capset: ['effective', 'permitted'],
};

/** The same acts as a trace's kernel events tell them. */
export function actsOfTrace(events: readonly TraceEvent[]): string[] {
  const begun = new Map<string, TraceEvent>();
  const acts: string[] = [];
  for (const event of events) {
    if (event.layer !== 'kernel' || event.grade !== 'observed' || event.type === 'fact') continue;
    if (event.type === 'begin' && event.span) begun.set(event.span, event);
    const begin = event.type === 'end' && event.span ? begun.get(event.span) : undefined;
    const act = begin ? traceCall(begin, event) : event.type === 'log' ? traceMoment(event) : undefined;
    if (act !== undefined) acts.push(act);
  }
  return acts;
}

// The witness cuts strings at 63 characters.
const cut = (text: unknown) => String(text).slice(0, 63);

function traceMoment({ step, data, actor, evidence }: TraceEvent): string | undefined {
  const raw = evidence[0]?.raw ?? {};
  switch (step) {
    case 'kernel/execve':
      return `${actor.pid} executes ${raw.path}`;
    case 'kernel/exit':
      return `${actor.pid} exits ${data.signal ? Number(data.signal) : Number(data.exitCode) << 8}`;
    case 'kernel/cgroup-mkdir':
    case 'kernel/cgroup-rmdir':
      return `${actor.pid} ${step.slice('kernel/cgroup-'.length)} ${data.hierarchy}:${cut(data.path)}`;
    case 'kernel/cgroup-attach':
      return `${actor.pid} attach ${data.attachedPid} to ${data.hierarchy}:${cut(data.path)}`;
    case 'kernel/oom-kill':
      return `oom-kill of ${data.victimPid}`;
    default:
      return undefined;
  }
}

function traceCall(begin: TraceEvent, end: TraceEvent): string | undefined {
  const raw: Record<string, unknown> = { ...begin.evidence[0]?.raw, ...end.evidence[0]?.raw };
  const call = String(begin.data.syscall);
  const { pid } = begin.actor;
  if (end.data.open) return `${pid} ${call} never returns`;
  const result = outcome(String(raw.result));
  if (begin.step === 'kernel/cgroup-write') {
    return `${pid} writes ${begin.data.name} <- ${String(raw.value).slice(0, 63).trimEnd()}`;
  }
  if (call === 'execve') return `${pid} execve ${result} ${String(raw.path).slice(0, 63)}`;
  if (call === 'execveat') return `${pid} execveat ${result} `;
  const fields = (RAW[call] ?? []).map((name) => {
    const value = raw[name] ?? '';
    return typeof value === 'number' ? String(value | 0) : String(value).slice(0, 63);
  });
  const name = call === 'umount2' ? 'umount' : call;
  return `${pid} ${name} ${result} ${fields.join(' ')}`.trimEnd();
}

/** What only one side tells, as multisets: both lists are empty when witness and trace agree. */
export function compareActs(
  witness: readonly string[],
  trace: readonly string[],
): { missing: string[]; invented: string[] } {
  const counts = new Map<string, number>();
  for (const act of witness) counts.set(act, (counts.get(act) ?? 0) + 1);
  for (const act of trace) counts.set(act, (counts.get(act) ?? 0) - 1);
  const only = (sign: number) =>
    [...counts].flatMap(([act, count]) => (count * sign > 0 ? Array(Math.abs(count)).fill(act) : []));
  return { missing: only(1), invented: only(-1) };
}
