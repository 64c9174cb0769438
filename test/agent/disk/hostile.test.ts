import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBeneath, partsOf } from '../../../apps/agent/src/disk/beneath.ts';
import { MOST_BYTES, readContent } from '../../../apps/agent/src/disk/content.ts';
import { countBelow } from '../../../apps/agent/src/disk/count.ts';
import { listFolder, MOST_ENTRIES, MOST_NAMES } from '../../../apps/agent/src/disk/listing.ts';
import { type LayerOnDisk, layerOnDisk } from '../../fakes/layerOnDisk.ts';

let made: LayerOnDisk;
let root: number;
beforeEach(() => {
  made = layerOnDisk();
  root = openSync(made.layer, 'r');
});
afterEach(() => {
  closeSync(root);
  made.remove();
});

const code = (read: () => unknown) => {
  try {
    return `read: ${JSON.stringify(read())}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const codeOf = (listing: Promise<unknown>) =>
  listing.then(
    (found) => `listed: ${JSON.stringify(found)}`,
    (error: { code: string }) => error.code,
  );

describe('a path that wants to leave its layer', () => {
  it.each([
    ['/../../../etc/hostname', 'bad-path'],
    ['/etc/../../../../../etc/hostname', 'bad-path'],
    ['..', 'bad-path'],
    ['etc/motd', 'bad-path'],
    ['', 'bad-path'],
    ['/etc/motd\0.txt', 'bad-path'],
    [`/${'a/'.repeat(4000)}`, 'bad-path'],
    [`/${'a'.repeat(300)}`, 'bad-path'],
    ['/proc/self/root/etc/hostname', 'file-not-found'],
    ['/etc/motd/x', 'file-not-found'],
  ])('is refused: %s', async (path, expected) => {
    expect(code(() => readContent(root, path))).toBe(expected);
    expect(await codeOf(listFolder(root, path))).toBe(expected);
  });

  it('finds no symbolic link that is followed: at its end, on its way, to the outside or within', async () => {
    symlinkSync('/etc', join(made.layer, 'out'));
    symlinkSync('/etc/hostname', join(made.layer, 'name'));
    symlinkSync('../../../../../../../../etc', join(made.layer, 'up'));
    symlinkSync('etc', join(made.layer, 'within'));
    symlinkSync('/proc/self/cwd', join(made.layer, 'magic'));
    for (const link of ['out', 'up', 'within', 'magic']) {
      expect(await codeOf(listFolder(root, `/${link}`)), link).toBe('symbolic-link');
      expect(
        code(() => readContent(root, `/${link}/hostname`)),
        link,
      ).toBe('symbolic-link');
    }
    expect(code(() => readContent(root, '/name'))).toBe('symbolic-link');
    const { entries } = await listFolder(root, '/');
    expect(entries.find(({ name }) => name === 'out')).toMatchObject({ kind: 'link', target: '/etc' });
  });

  it('that is plain leads to the file, also with needless slashes and dots', () => {
    expect(readContent(root, '//etc/./motd')).toMatchObject({ path: '/etc/motd', text: 'welcome\n' });
  });

  it('is not let through while a folder and a link to /etc change places all the time', async () => {
    mkdirSync(join(made.layer, 'real'));
    writeFileSync(join(made.layer, 'real', 'hostname'), 'inside');
    symlinkSync('/etc', join(made.layer, 'fake'));
    const swap = `const { renameSync } = require('fs'); const [a, b] = [process.argv[1] + '/real', process.argv[1] + '/fake'];
      const t = process.argv[1] + '/there'; for (;;) { for (const one of [a, b]) { renameSync(one, t); renameSync(t, one); } }`;
    const swapper = spawn(process.execPath, ['-e', swap, made.layer], { stdio: 'ignore' });
    const answers = new Map<string, number>();
    try {
      for (const end = Date.now() + 1500; Date.now() < end; ) {
        const got = code(() => readContent(root, '/there/hostname').text);
        answers.set(got, (answers.get(got) ?? 0) + 1);
        const listed = await listFolder(root, '/there').then(
          ({ entries }) => entries.map(({ name }) => name).join(),
          (error: { code: string }) => error.code,
        );
        answers.set(listed, (answers.get(listed) ?? 0) + 1);
      }
    } finally {
      swapper.kill('SIGKILL');
    }
    const allowed = ['read: "inside"', 'hostname', '', 'file-not-found', 'symbolic-link', 'folder-busy'];
    expect([...answers.keys()].filter((one) => !allowed.includes(one))).toEqual([]);
    expect(answers.get('read: "inside"')).toBeGreaterThan(0);
    expect(answers.get('symbolic-link')).toBeGreaterThan(0);
  });
});

describe('what is no plain file or too much', () => {
  it('is not opened: a FIFO is told and never waited for', async () => {
    execFileSync('mkfifo', [join(made.layer, 'pipe')]);
    expect(code(() => readContent(root, '/pipe'))).toBe('no-file');
    const { entries } = await listFolder(root, '/');
    expect(entries.find(({ name }) => name === 'pipe')).toMatchObject({ kind: 'fifo' });
  });

  it('is cut: 64 kB of a file, in the middle of a character too', () => {
    made.put('long', `a${'é'.repeat(100_000)}`);
    const { bytes, shown, text } = readContent(root, '/long');
    expect([bytes, shown]).toEqual([200_001, MOST_BYTES]);
    expect(text).toBe(`a${'é'.repeat((MOST_BYTES - 2) / 2)}`);
  });

  it('is cut: a folder of very many names, and the count of them', async () => {
    const folder = join(made.layer, 'huge');
    mkdirSync(folder);
    for (let n = 0; n < MOST_NAMES + 50; n++) closeSync(openSync(join(folder, `f${n}`), 'w'));
    const { entries, count, more } = await listFolder(root, '/huge');
    expect([entries.length, count, more]).toEqual([MOST_ENTRIES, MOST_NAMES, true]);
    expect(countBelow(root, 500)).toMatchObject({ entries: 500, more: true });
  });

  it('is counted whole where it is little, without following anything', () => {
    symlinkSync('/usr', join(made.layer, 'usr'));
    expect(countBelow(root)).toEqual({ entries: 3, bytes: 8, more: false });
  });

  it('is named as it can be where a name is no text', async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${made.layer}/`), Buffer.from([0x66, 0xff])]), 'x');
    const { entries } = await listFolder(root, '/');
    expect(entries.find(({ unnameable }) => unnameable)).toMatchObject({ name: 'f\ufffd', kind: 'file' });
  });

  it('leaves no descriptor open, whatever is asked', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    for (const path of ['/etc', '/nothing', '/etc/motd', '/../x', '/etc/motd/x']) {
      await codeOf(listFolder(root, path));
      code(() => readContent(root, path));
      countBelow(root);
    }
    expect(open()).toBe(before);
  });
});

it('a file is judged by what was opened, not by what lies at its path later', () => {
  const named = openBeneath(root, partsOf('/etc/motd'));
  renameSync(join(made.layer, 'etc'), join(made.layer, 'old'));
  expect(named.stats.isFile()).toBe(true);
  closeSync(named.fd);
});
