import { describe, expect, it } from 'vitest';
import { houseFiles } from './house.ts';

const SPAWN = /import\s*\{[^}]*\bspawn(Sync)?\b[^}]*\}\s*from 'node:child_process'/;

describe('what the agent starts', () => {
  it('is started by one file, so that no child gives way to what the agent watches', () => {
    const starting = houseFiles().filter(
      ({ path, text }) => path.startsWith('apps/agent/src/') && SPAWN.test(text),
    );
    expect(starting.map(({ path }) => path)).toEqual(['apps/agent/src/children.ts']);
  });
});
