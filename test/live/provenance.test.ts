import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  containersIn,
  type FlagName,
  type Place,
  type ProvenanceLine,
  type ProvenanceLink,
  provenanceOf,
} from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTrace, underdock } from './commandLine.ts';
import { type Going, type Lab, openLab } from './embeddedLab.ts';

let folder: string;
let lab: Lab;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-provenance-'));
  mkdirSync(join(folder, 'www'));
  lab = await openLab({ allowedMounts: [folder] });
});
afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

const asked = () => ({
  memory: '64m',
  cpus: 0.5,
  pidsLimit: 50,
  hostname: 'box',
  user: '1000:1001',
  capDrop: ['ALL'],
  readOnly: true,
  volume: [`${join(folder, 'www')}:/data:ro`],
  env: ['COLOUR=blue'],
  network: 'none',
});

/** Lines of a run so far, and its init. */
function linesOf(going: Going): { lines: ProvenanceLine[]; init: number } {
  const events = going.run.events;
  const fact = events.findLast(
    (event: TraceEvent) => event.step === 'process/has-process' && event.data.role === 'init',
  );
  const [container] = containersIn(events);
  return {
    lines: provenanceOf(going.run.header as TraceHeader, events, { container }),
    init: Number(fact?.data.pid),
  };
}

function linkOf(lines: readonly ProvenanceLine[], flag: FlagName, place: Place): ProvenanceLink {
  const line = lines.find((one) => one.flag === flag);
  const step = line?.steps.find((one) => one.place === place);
  if (step?.kind !== 'link') throw new Error(`${flag} has no link at ${place}: ${step?.why ?? 'no line'}`);
  return step;
}

const status = (init: number, field: string) =>
  new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(readFileSync(`/proc/${init}/status`, 'utf8'))?.[1] ?? '';

describe('where values come from, held against the kernel’s own files', () => {
  it.each(['runc', 'crun'])('with %s every link of every flag says what is so', async (runtime) => {
    const going = await lab.start({ ...asked(), runtime, command: ['/bin/sh', '-c', 'echo up; sleep 60'] });
    // Events are in order: with the output all that came before it is there.
    await going.tells('process/output', 'log');
    const { lines, init } = linesOf(going);
    expect(lines.filter(({ agrees }) => !agrees)).toEqual([]);

    for (const flag of ['memory', 'cpus', 'pids'] as const) {
      const written = linkOf(lines, flag, 'kernel');
      const shown = linkOf(lines, flag, 'now');
      // The file is named in the note, before what is used of it.
      const file = shown.note!.split(';')[0]!;
      expect(written.note).toBe(file);
      const truth = readFileSync(file, 'utf8').trim();
      expect([written.value, shown.value], flag).toEqual([truth, truth]);
      expect(shown.grade).toBe('read-back');
    }
    expect(linkOf(lines, 'memory', 'config').value).toBe('67108864');

    expect(linkOf(lines, 'hostname', 'kernel')).toMatchObject({ what: 'sethostname', value: 'box' });
    expect(linkOf(lines, 'hostname', 'now').value).toContain(inode(readlinkSync(`/proc/${init}/ns/uts`)));
    expect(linkOf(lines, 'network', 'now').value).toBe(inode(readlinkSync(`/proc/${init}/ns/net`)));

    const [uid] = status(init, 'Uid').split('\t');
    const [gid] = status(init, 'Gid').split('\t');
    expect(linkOf(lines, 'user', 'now').value).toBe(`uid ${uid}, gid ${gid}`);
    expect(linkOf(lines, 'user', 'kernel').value).toBe(uid);
    expect(status(init, 'CapEff')).toBe('0000000000000000');
    expect(linkOf(lines, 'capabilities', 'kernel').value).toBe('none');
    expect(linkOf(lines, 'capabilities', 'now').value).toBe('none');

    const mounts = readFileSync(`/proc/${init}/mountinfo`, 'utf8').split('\n');
    const optionsOf = (place: string) => mounts.find((row) => row.split(' ')[4] === place)?.split(' ')[5];
    expect(linkOf(lines, 'read-only', 'now').value).toBe(`overlay on /, ${optionsOf('/')}`);
    expect(linkOf(lines, 'mounts', 'now').value).toContain(` on /data, ${optionsOf('/data')}`);
    expect(linkOf(lines, 'mounts', 'kernel')).toMatchObject({ what: 'mount', words: 'read-only' });

    const env = readFileSync(`/proc/${init}/environ`, 'utf8').split('\0');
    expect(env).toContain('COLOUR=blue');
    expect(linkOf(lines, 'env', 'config').value).toBe('COLOUR');
    expect(JSON.stringify(lines)).not.toContain('blue');

    await going.run.stop({ graceMs: 0 });
    await going.ended();
  });

  it('follows limits that nobody asked for, and none where there is none', async () => {
    const going = await lab.start({
      runtime: 'runc',
      pidsLimit: -1,
      command: ['/bin/sh', '-c', 'echo up; sleep 60'],
    });
    await going.tells('process/output', 'log');
    const { lines } = linesOf(going);
    expect(lines.find(({ flag }) => flag === 'memory')).toMatchObject({ from: 'default', agrees: true });
    expect(linkOf(lines, 'memory', 'now').words).toBe('512 MiB');
    const pids = linkOf(lines, 'pids', 'now');
    expect(pids).toMatchObject({ value: 'max', words: 'unlimited' });
    expect(readFileSync(pids.note!.split(';')[0]!, 'utf8').trim()).toBe('max');
    await going.run.stop({ graceMs: 0 });
    await going.ended();
  });
});

describe('underdock explain', () => {
  it('tells the way of a flag from a file that underdock run has just recorded', async () => {
    const file = join(folder, 'run.chain');
    const ran = await underdock(
      ['run', '-q', '--via', 'embedded', '--memory', '64m', '--record', file, 'starter', '/bin/true'],
      { UNDERDOCK_STATE: join(folder, 'state') },
    );
    expect(ran.exitCode).toBe(0);
    const said = await underdock(['explain', file, '--flag', 'memory', '--json']);
    expect(said.exitCode).toBe(0);
    const [line] = JSON.parse(said.stdout).containers[0].lines;
    const { events } = await readTrace(file);
    for (const step of line.steps) {
      expect(step.kind).toBe('link');
      expect(events.find(({ seq }) => seq === step.seq)?.at).toBe(step.at);
    }
  });
});

describe('where values come from through a stock Docker engine', () => {
  it('is seen whole: typed, sent, in config.json, told to the kernel and shown by it', async () => {
    const file = join(folder, 'docker.chain');
    const flags = [
      '--memory',
      '64m',
      '--cpus',
      '0.5',
      '--pids-limit',
      '50',
      '--hostname',
      'box',
      '--user',
      '1000',
    ];
    const more = [
      '--cap-drop',
      'ALL',
      '--read-only',
      '-v',
      `${join(folder, 'www')}:/data:ro`,
      '--network',
      'none',
    ];
    const ran = await underdock([
      ...['run', '-q', '--via', 'docker', '--engine', 'private', '--state', join(folder, 'engine')],
      ...[...flags, ...more, '--record', file, 'starter', '/bin/sh', '-c', 'sleep 1'],
    ]);
    expect([ran.exitCode, ran.stderr]).toEqual([0, expect.anything()]);
    const said = await underdock(['explain', file, '--json']);
    expect(said.exitCode).toBe(0);
    const lines: ProvenanceLine[] = JSON.parse(said.stdout).containers[0].lines;
    const missing = lines.flatMap(({ title, steps }) =>
      steps.filter(({ kind }) => kind !== 'link').map(({ place }) => `${title}: ${place}`),
    );
    expect(missing).toEqual([]);
    expect(linkOf(lines, 'memory', 'api')).toMatchObject({ what: 'HostConfig.Memory', value: '67108864' });
    expect(linkOf(lines, 'memory', 'config').grade).toBe('read-back');
    expect(linkOf(lines, 'memory', 'kernel').value).toBe('67108864');
    expect(linkOf(lines, 'user', 'kernel').value).toBe('1000');
  });
});

function inode(link: string): string {
  return /\[(\d+)\]/.exec(link)![1]!;
}
