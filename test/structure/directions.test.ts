import { describe, expect, it } from 'vitest';
import { wrongImports } from './directions.ts';
import { type HouseFile, houseFiles, lines } from './house.ts';
import { impureUses } from './purity.ts';

const files = houseFiles();
const file = (path: string, text: string): HouseFile[] => [{ path, text }];

describe('the directions between the parts of the house', () => {
  it('are kept by every import', () => expect(lines(wrongImports(files))).toEqual([]));

  it.each([
    ['packages/trace/src/a.ts', `import { z } from 'zod'`],
    ['packages/chain/src/a.ts', `import type { TraceEvent } from '@underdock/trace'`],
    ['packages/image/src/a.ts', `import { createHash } from 'node:crypto'; import tar from 'tar-stream'`],
    ['packages/draw/src/a.ts', `import { scaleLinear } from 'd3-scale'; export * from './b.ts'`],
    ['apps/web/src/views/A.tsx', `import { x } from '../stage/x.ts'; import { useState } from 'react'`],
    ['apps/web/src/stage/a.ts', `import { zoom } from 'd3-zoom'`],
    ['apps/agent/src/via/cri.ts', `import grpc from '@grpc/grpc-js'`],
  ])('let %s say %s', (path, text) => expect(wrongImports(file(path, text))).toEqual([]));

  it.each([
    ['packages/trace/src/a.ts', `import { chain } from '@underdock/chain'`],
    ['packages/trace/src/a.ts', `import { readFile } from 'node:fs/promises'`],
    ['packages/chain/src/a.ts', `import { z } from 'zod'`],
    ['packages/weave/src/a.ts', `export { fold } from '@underdock/chain'`],
    ['packages/image/src/a.ts', `import type { TraceEvent } from '@underdock/trace'`],
    ['packages/story/src/a.ts', `const draw = await import('@underdock/draw')`],
    ['packages/draw/src/a.ts', `import { select } from 'd3-selection'`],
    ['packages/draw/src/a.ts', `type Stats = import('node:fs').Stats`],
    ['packages/draw/src/a.ts', `import { x } from '../../chain/src/x.ts'`],
    ['packages/new/src/a.ts', `import { x } from 'x'`],
    ['apps/web/src/a.ts', `import { pull } from '@underdock/image'`],
    ['apps/web/src/a.ts', `import { Run } from '../../agent/src/run/runs.ts'`],
    ['apps/web/src/a.ts', `import { join } from 'node:path'`],
    ['apps/web/src/views/A.tsx', `import { select } from 'd3-selection'`],
    ['apps/web/src/source/a.ts', `import { x } from '../player/x.ts'`],
    ['apps/web/src/player/a.ts', `import { x } from '../views/X.tsx'`],
    ['apps/web/src/stage/a.ts', `import { x } from '../views/X.tsx'`],
    ['apps/agent/src/a.ts', `import { App } from '@underdock/web'`],
    ['apps/agent/src/layers/a.ts', `import grpc from '@grpc/grpc-js'`],
  ])('forbid %s to say %s', (path, text) => expect(wrongImports(file(path, text))).toHaveLength(1));
});

describe('the packages that run anywhere', () => {
  it('use nothing of Node, of the DOM, of clocks or of chance', () =>
    expect(lines(impureUses(files))).toEqual([]));

  it.each([
    'const at = Date.now()',
    'const at = new Date()',
    'const x = Math.random()',
    'const cwd = process.cwd()',
    'const bytes = Buffer.from([1])',
    'export function f(element: HTMLElement) {}',
    'document.body.append()',
    'setTimeout(() => {}, 1)',
    'const { process: mine } = { process }',
  ])('may not say %s', (text) =>
    expect(impureUses(file('packages/chain/src/a.ts', text)).length).toBeGreaterThan(0),
  );

  it.each([
    'export const f = (process: string, { document }: { document: string }) => process + document',
    'export const layer = { process: 1 }; export const y = layer.process',
    'export interface Box { window?: number }',
    'export const at = (iso: string) => new Date(iso).getTime()',
  ])('may say %s', (text) => expect(impureUses(file('packages/chain/src/a.ts', text))).toEqual([]));

  it('are these five only: the page and the agent may use their platform', () =>
    expect(impureUses(file('apps/web/src/a.ts', 'document.title = String(Date.now())'))).toEqual([]));
});
