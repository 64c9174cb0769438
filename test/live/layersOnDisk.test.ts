import { setTimeout as pause } from 'node:timers/promises';
import type { DiskEntry } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Disk, openDisk } from '../../apps/agent/src/disk/disk.ts';
import { type Going, type Lab, openLab, watchNothing } from './embeddedLab.ts';

let lab: Lab;
let disk: Disk;
beforeAll(async () => {
  lab = await openLab({ watch: watchNothing, calls: [] });
  disk = openDisk(lab.stateDir);
});
afterAll(() => lab?.close());

/** Changes a folder that the image has into a new one, deletes a file, makes a few. */
const SCRIPT = `mkdir -p /made/in && echo "by the container" > /made/in/note && ln -s /etc/shadow /made/link
mkfifo /made/pipe; printf 'root:$6$salt$hash:1::::::\\n' > /made/copy; printf 'x:y\\n' > /etc/shadow; chmod 640 /made/copy
rm -r /usr; mkdir /usr; echo ready; read -r line; echo more > /made/in/later; echo done; sleep 60`;

async function started(request: object): Promise<Going> {
  const going = await lab.start({ interactive: true, ...request, command: ['/bin/sh', '-c', SCRIPT] });
  await going.says('ready');
  return going;
}

const byName = (entries: readonly DiskEntry[]) => new Map(entries.map((entry) => [entry.name, entry]));
const code = (error: { code: string }) => error.code;

describe.each([
  ['underdock’s own engine', {}, ['image', 'image', 'image', 'upper']],
  [
    'a stock docker engine',
    { via: 'docker', engine: 'private' },
    ['image', 'image', 'image', 'init', 'upper'],
  ],
] as const)('the layers of a container of %s', (_who, request, kinds) => {
  let going: Going;
  let upper: number;
  beforeAll(async () => {
    going = await started(request);
    upper = kinds.length - 1;
    // What an engine has made is looked up beside the run, which may say something before that.
    await vi.waitUntil(() => disk.stack(going.run).mountOptions !== undefined, {
      timeout: 30_000,
      interval: 100,
    });
  });
  const wanted = (index: number) => ({ run: going.run, index });
  const listed = async (index: number, path: string) =>
    byName((await disk.files(wanted(index), path)).entries);

  it('lie where the kernel has mounted them from, each with its maker and its size', () => {
    const stack = disk.stack(going.run);
    expect(stack.layers.map(({ kind }) => kind)).toEqual(kinds);
    expect(stack.layers.filter(({ closed }) => closed !== undefined)).toEqual([]);
    for (const layer of stack.layers.slice(0, 3)) {
      expect(layer).toMatchObject({
        diffId: expect.stringMatching(/^sha256:/),
        createdBy: expect.any(String),
      });
      expect(layer.bytes ?? layer.counted?.bytes).toBeTypeOf('number');
    }
    const options = new Map(
      stack.mountOptions?.split(',').map((one) => one.split('=', 2) as [string, string]),
    );
    expect(options.get('lowerdir')?.split(':')).toHaveLength(stack.lower.length);
    expect(stack.upper?.endsWith(options.get('upperdir')?.replace(/^(\.\.\/)+/, '/') ?? 'none')).toBe(true);
    expect(stack.layers[upper]?.counted?.entries).toBeGreaterThan(5);
  });

  it('hold what the container changed: files, deletions, and a folder that hides those below', async () => {
    const root = await listed(upper, '/');
    expect(root.get('usr')).toMatchObject({ kind: 'folder', opaque: true });
    const made = await listed(upper, '/made');
    expect(made.get('link')).toMatchObject({ kind: 'link', target: '/etc/shadow' });
    expect(made.get('pipe')).toMatchObject({ kind: 'fifo' });
    expect(made.get('copy')).toMatchObject({ kind: 'file', mode: 0o640, uid: 0, gid: 0 });
    const note = disk.content(wanted(upper), '/made/in/note');
    expect(note).toMatchObject({ text: 'by the container\n', bytes: 17 });
  });

  it('show no passwords, by whatever name or way', () => {
    const read = (path: string) => () => disk.content(wanted(upper), path);
    expect(read('/etc/shadow')).toThrow(expect.objectContaining({ code: 'secret-file' }));
    expect(read('/made/copy')).toThrow(expect.objectContaining({ code: 'secret-file' }));
    expect(read('/made/link')).toThrow(expect.objectContaining({ code: 'symbolic-link' }));
  });

  it('of the image have the marks of what a higher one deletes', async () => {
    const marks: string[] = [];
    const look = async (index: number, path: string): Promise<void> => {
      for (const [name, { kind }] of await listed(index, path)) {
        if (kind === 'whiteout') marks.push(`${index}:${path}${name}`);
        if (kind === 'folder') await look(index, `${path}${name}/`);
      }
    };
    for (const index of [0, 1, 2]) await look(index, '/');
    expect(marks).toHaveLength(1);
    expect(marks[0]).toMatch(/^2:/);
  });

  it('are live while the container is, and gone with it', async () => {
    expect((await listed(upper, '/made/in')).has('later')).toBe(false);
    await going.run.input(Buffer.from('go on\n'));
    await going.says('done');
    expect((await listed(upper, '/made/in')).has('later')).toBe(true);
    await going.run.stop({ graceMs: 0 });
    await going.ended();
    await pause(0);
    const { layers, mountOptions } = disk.stack(going.run);
    expect(mountOptions).toBeUndefined();
    expect(layers[upper]?.closed).toContain('not there any more');
    expect(await disk.files(wanted(upper), '/').catch(code)).toBe('folder-not-found');
    expect((await disk.files(wanted(0), '/')).entries.length).toBeGreaterThan(0);
  });
});

it('a run shows no other run’s container, though it names its folder', async () => {
  const going = await started({});
  const stack = disk.stack(going.run);
  const own = { id: going.run.id, events: going.run.events };
  const other = { ...own, id: 'another' };
  const index = stack.layers.length - 1;
  expect((await disk.files({ run: own, index }, '/made')).entries.length).toBeGreaterThan(0);
  expect(await disk.files({ run: other, index }, '/made').catch(code)).toBe('not-a-layer');
  await going.run.stop({ graceMs: 0 });
  await going.ended();
});
