import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from '../../apps/agent/src/shellWord.ts';

it.each(['plain', 'with space', "it's", '$(id)', '`id`', 'a\nb', '', '-n', '"', '\\', '/a b/"c"'])(
  'a shell takes %j for one word and nothing else',
  (word) => {
    const script = `for one in ${shellWord(word)}; do printf %s "$one"; done`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(word);
  },
);

it('plain words stay as one would type them', () => {
  expect(shellWord('localhost:5000/a_b@sha256:0+1%')).toBe('localhost:5000/a_b@sha256:0+1%');
});
