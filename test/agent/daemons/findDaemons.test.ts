import { type ChildProcess, spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import {
  findClients,
  findDaemons,
  listeningSockets,
  programOf,
} from '../../../apps/agent/src/daemons/findDaemons.ts';
import { ProgramFinder } from '../../../apps/agent/src/daemons/programFinder.ts';
import { programPath } from '../../../apps/agent/src/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'underdock-find-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A real process whose program is called `name`: sleep's file under another name. */
async function running(name: string, place = name): Promise<{ pid: number; path: string }> {
  const path = join(folder, place, name);
  mkdirSync(join(folder, place), { recursive: true });
  copyFileSync(programPath('sleep'), path);
  const child = spawn(path, ['600'], { stdio: 'ignore' });
  children.push(child);
  await new Promise((resolve) => child.once('spawn', resolve));
  return { pid: child.pid ?? 0, path };
}

it('finds each of several daemons by its process, with the file that it runs', async () => {
  const [one, two] = [await running('ud-dockerd', 'one'), await running('ud-dockerd', 'two')];
  const found = await findDaemons(new Set(['ud-dockerd']));
  expect(found.map(({ pid, path, name }) => ({ pid, path, name }))).toEqual(
    [one, two].map(({ pid, path }) => ({ pid, path, name: 'ud-dockerd' })),
  );
  expect(new Set(found.map(({ inode }) => inode)).size).toBe(2);
  expect(found[0]?.uid).toBe(process.getuid?.());
});

it('opens the file that a daemon runs after another one was put in its place', async () => {
  const { pid, path } = await running('ud-upgraded');
  const before = statSync(path);
  unlinkSync(path);
  writeFileSync(path, 'another build');
  const found = programOf(pid, new Set(['ud-upgraded']));
  expect(found).toMatchObject({ path, replaced: true, inode: `${before.dev}:${before.ino}` });
  expect(statSync(found?.file ?? '').size).toBe(before.size);
});

it('knows a daemon whose name is longer than the kernel keeps', async () => {
  const { pid } = await running('ud-a-very-long-daemon-name');
  expect(programOf(pid, new Set(['ud-a-very-long-daemon-name']))).toMatchObject({ pid });
});

it('passes over other programs and processes that are gone', async () => {
  const { pid } = await running('ud-other');
  expect(programOf(pid, new Set(['ud-dockerd']))).toBeUndefined();
  expect(programOf(2 ** 22 + 1, new Set(['ud-dockerd']))).toBeUndefined();
});

it('finds clients in all of PATH, each file once, and no file that can’t be called', async () => {
  const place = (name: string, mode: number) => {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, 'ud-client'), name, { mode });
    return join(folder, name);
  };
  const [first, second, none] = [place('first', 0o755), place('second', 0o755), place('none', 0o644)];
  const found = findClients(new Set(['ud-client']), { path: [first, none, second, first].join(':') });
  expect(found.map(({ path }) => path)).toEqual([join(first, 'ud-client'), join(second, 'ud-client')]);
});

it('names the sockets on which a process listens', async () => {
  const server = createServer();
  const socket = join(folder, 'ud.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  expect(await listeningSockets(process.pid)).toContain(socket);
  server.close();
  expect(await listeningSockets(2 ** 22 + 1)).toEqual([]);
});

it.each([
  ['an ordinary user’s', { uid: '4711\t4711\t4711\t4711', pidNamespace: '' }],
  ['one that only pretends to be root’s', { uid: '4711\t0\t0\t0', pidNamespace: '' }],
  ['one in a container', { uid: '0\t0\t0\t0', pidNamespace: 'pid:[4026532999]' }],
])('asks no socket of %s: who calls his program dockerd would answer to root', async (_, who) => {
  const proc = join(folder, 'proc');
  const own = readlinkSync('/proc/self/ns/pid');
  const at = (...parts: string[]) => join(proc, ...parts);
  for (const place of ['7/fd', '7/net', '7/ns', 'self/ns']) mkdirSync(at(place), { recursive: true });
  symlinkSync('socket:[99]', at('7/fd/3'));
  writeFileSync(at('7/net/unix'), '0: 00000002 00000000 00010000 0001 01 99 /run/docker.sock\n');
  writeFileSync(at('7/status'), `Name:\tdockerd\nUid:\t${'0\t0\t0\t0'}\n`);
  symlinkSync(own, at('self/ns/pid'));
  symlinkSync(own, at('7/ns/pid'));
  expect(await listeningSockets(7, { proc })).toEqual(['/run/docker.sock']);
  writeFileSync(at('7/status'), `Name:\tdockerd\nUid:\t${who.uid}\n`);
  rmSync(at('7/ns/pid'));
  symlinkSync(who.pidNamespace || own, at('7/ns/pid'));
  expect(await listeningSockets(7, { proc })).toEqual([]);
  rmSync(proc, { recursive: true });
});

it('keeps track of what comes, is replaced and goes, each file once', async () => {
  const finder = new ProgramFinder({ names: new Set(['ud-tracked']), clients: new Set() });
  expect(await finder.look()).toEqual([]);
  const one = await running('ud-tracked', 'before');
  const [first] = await finder.look();
  expect(first).toMatchObject({ pid: one.pid, path: one.path });
  const two = await running('ud-tracked', 'after');
  expect((await finder.look()).map(({ pid }) => pid)).toEqual([one.pid, two.pid]);
  const child = children.find(({ pid }) => pid === one.pid);
  const gone = new Promise((resolve) => child?.once('exit', resolve));
  child?.kill('SIGKILL');
  await gone;
  expect((await finder.look()).map(({ pid }) => pid)).toEqual([two.pid]);
});

it('opens a client that runs and lies in PATH there: its process is gone in an instant', async () => {
  const { path } = await running('ud-brief');
  const names = new Set(['ud-brief']);
  const finder = new ProgramFinder({ names, clients: names }, { path: join(folder, 'ud-brief') });
  expect((await finder.look()).map(({ file }) => file)).toEqual([path]);
});
