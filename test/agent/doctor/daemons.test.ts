import { expect, it } from 'vitest';
import type { FoundProgram } from '../../../apps/agent/src/daemons/findDaemons.ts';
import { daemonChecks } from '../../../apps/agent/src/doctor/daemons.ts';

const program = (more: Partial<FoundProgram>): FoundProgram => ({
  name: 'dockerd',
  path: process.execPath,
  file: process.execPath,
  inode: '1:2',
  uid: 0,
  ...more,
});
const look = async (found: FoundProgram, root = true) => {
  const [check] = await daemonChecks({ find: async () => [found], root });
  return check;
};

it('says of a program that is none of Go’s that it can’t be watched, and what that means', async () => {
  expect(await look(program({ pid: 1 }))).toMatchObject({
    name: 'dockerd 1',
    state: 'limited',
    effect: expect.stringContaining('a gap in the chain'),
    remedy: expect.any(String),
  });
});

it('says of a program that belongs to somebody else why it is not probed', async () => {
  expect((await look(program({ uid: 1000 })))?.found).toContain('only root’s programs are probed');
});

it('says to an ordinary user what root would see', async () => {
  expect(await look(program({}), false)).toMatchObject({
    state: 'limited',
    remedy: 'start underdock with sudo',
  });
});
