import { existsSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { TestCommandLine } from './commandLine.ts';

const line = new TestCommandLine();
afterAll(() => line.remove());

it.each([
  ['too long', 'x'.repeat(201), /--title: must have 200 characters/],
  ['of two lines', 'a\nb', /--title: must be one line/],
])(
  'refuses a title that the library can’t keep (%s) before the command is started',
  async (_, title, why) => {
    const said = await line.say('record', '--title', title, '--', 'touch', line.path('started'));
    expect(said).toMatchObject({ code: 125, err: expect.stringMatching(why) });
    expect(existsSync(line.path('started'))).toBe(false);
    expect(line.runs).toEqual([]);
  },
);
