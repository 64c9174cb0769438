import { diskStackOf } from '@underdock/chain';
import { expect, it } from 'vitest';
import { mountOptions } from '../../../apps/agent/src/disk/mountOptions.ts';
import { facts } from '../../fakes/layerOnDisk.ts';

const line = (mountPoint: string, upper: string) =>
  `9 1 0:46 / ${mountPoint} rw,relatime - overlay overlay rw,lowerdir=b:a,upperdir=${upper},workdir=w\n`;
const events = facts(
  [
    'high-level/has-snapshot',
    { kind: 'overlay', target: '/m', lower: ['/b', '/a'], upper: '/runs/r/upper' },
    'c',
  ],
  ['process/has-process', { role: 'init', pid: 77 }, 'c'],
  ['process/has-process', { role: 'init', pid: 88 }, 'other'],
);
const stack = diskStackOf(events, 'c');

it('the options of an overlay are read where it is mounted, as this process sees it', () => {
  const table = () => line('/elsewhere', '/x') + line('/m', '../runs/r/upper');
  expect(mountOptions(stack, events, table)).toBe('rw,lowerdir=b:a,upperdir=../runs/r/upper,workdir=w');
});

it('an engine’s mount that only its own namespace has is read from the container’s init', () => {
  const table = (pid: number | 'self') => (pid === 77 ? line('/', '/runs/r/upper') : '');
  expect(mountOptions(stack, events, table)).toContain('upperdir=/runs/r/upper');
});

it('a pid that another container has now says nothing of this one', () => {
  const table = (pid: number | 'self') => (pid === 77 ? line('/', '/runs/other/upper') : '');
  expect(mountOptions(stack, events, table)).toBeUndefined();
});

it('a process that is gone has no mounts', () => {
  const table = () => {
    throw new Error('ENOENT');
  };
  expect(mountOptions(stack, events, table)).toBeUndefined();
});
