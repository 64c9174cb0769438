import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RootRecord } from '@underdock/weave';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bundles } from '../../../../apps/agent/src/layers/4-low-level/bundles.ts';

const HOST = 4026531836;
let folder: string;
let bundles: Bundles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-bundles-'));
  bundles = new Bundles(HOST);
  writeFileSync(join(folder, 'config.json'), '{"ociVersion":"1.0.2"}');
  writeFileSync(join(folder, 'log.json'), '{"level":"error","msg":"no such file"}\n');
});
afterEach(() => {
  bundles.close();
  rmSync(folder, { recursive: true, force: true });
});

function runc(who: Pick<RootRecord, 'uid' | 'pidNamespace'>): RootRecord {
  const argv = ['runc', '--log', join(folder, 'log.json'), 'create', '--bundle', folder, 'x'];
  const root = { kind: 'root', at: 1, pid: 7, role: 'runtime', actor: 'runc', verb: 'create' } as const;
  return { ...root, argv, container: 'x', ...who };
}

const exit = {
  kind: 'exit',
  at: 2,
  source: 'tracepoint',
  pid: 7,
  tid: 7,
  comm: 'runc',
  exitCode: 1,
} as const;

describe('what a runtime was given and what it said', () => {
  it('is read where root has started it on the host', () => {
    expect(bundles.begun(runc({ uid: 0, pidNamespace: HOST }))?.data.config).toEqual({ ociVersion: '1.0.2' });
    expect(bundles.ended(exit)?.message).toBe('no such file');
  });

  // Whoever can call a program `runc` names a file of his choice, and the agent can read them all.
  it.each([
    ['an ordinary user', { uid: 1000, pidNamespace: HOST }],
    ['a container', { uid: 0, pidNamespace: 4026532999 }],
    ['nobody knows who', {}],
  ])('is not read where %s has started it', (_, who) => {
    expect(bundles.begun(runc(who))).toBeUndefined();
    expect(bundles.ended(exit)).toBeUndefined();
  });
});
