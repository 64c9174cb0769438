import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  quoteAround,
  quoteWithVariables,
  type Step,
  shellQuote,
  stepArgv,
  stepText,
  withVariables,
} from '../../../apps/agent/src/via/embedded/lowLevel/byHand/step.ts';

const words = ['plain', '', 'a b', `it's`, '"q"', '$HOME', '`x`', '\\', 'a\nb', '*', '~', 'ä'];
const sh = (script: string) => execFileSync('sh', ['-c', script], { encoding: 'utf8' });

describe('a word', () => {
  it.each(words)('%j is read back by a shell as it was', (word) =>
    expect(sh(`printf %s ${shellQuote(word)}`)).toBe(word),
  );

  it.each(words)('%j comes through lines that are quoted around it', (word) =>
    expect(sh(`sh -c ${quoteAround(`printf %s ${shellQuote(word)}`)}`)).toBe(word),
  );

  it('of a known path is written with its variable, and only as a whole', () => {
    const quote = quoteWithVariables(
      new Map([
        ['/r', 'ROOT'],
        ['/r/deep', 'DEEP'],
      ]),
    );
    const written = (word: string) => withVariables(quote(word));
    expect(written('/r/x')).toBe('"$ROOT"/x');
    expect(written('/r/deep/x y')).toBe(`"$DEEP"'/x y'`);
    expect(written('--wd=/r')).toBe('--wd="$ROOT"');
    expect(written('/rx')).toBe('/rx');
  });

  it('that looks like a variable stays a word', () => {
    const quote = quoteWithVariables(new Map([['/r', 'ROOT']]));
    const script = withVariables(
      `ROOT=/r; sh -c ${quoteAround(`printf '%s ' ${quote('/r')} ${quote('"$ROOT"')}`)}`,
    );
    expect(sh(script)).toBe('/r "$ROOT" ');
  });
});

describe('a step', () => {
  const mount: Step = {
    why: 'x',
    inside: ['mount', 'pid'],
    words: ['mount', '-t', 'proc', 'proc', '/r/proc'],
  };

  it('inside is done by nsenter in the namespaces that it names', () =>
    expect(stepArgv(mount, { pid: '42' })).toEqual([
      'nsenter',
      '--target',
      '42',
      '--mount',
      '--pid',
      'mount',
      '-t',
      'proc',
      'proc',
      '/r/proc',
    ]));

  it('in a user namespace keeps its ids', () =>
    expect(stepArgv({ ...mount, inside: ['user', 'mount'] }, { pid: '42' })).toContain(
      '--preserve-credentials',
    ));

  it('on the host’s side is the command itself', () =>
    expect(stepArgv({ why: 'x', words: ['mkdir', '/a'] }, { pid: '' })).toEqual(['mkdir', '/a']));

  it('that writes a file is shown as a learner would type it', () => {
    const step: Step = { why: 'x', shell: (quote) => `echo 1 > ${quote('/a b')}` };
    expect(stepText(step, { pid: '' })).toBe(`echo 1 > '/a b'`);
    expect(stepArgv(step, { pid: '' })).toEqual(['sh', '-c', `echo 1 > '/a b'`]);
  });

  it('has a text that a shell splits into the very words that are spawned', () => {
    const step: Step = { why: 'x', inside: ['mount'], shell: (quote) => `echo ${quote(`it's`)} "$x"` };
    const text = stepText(step, { pid: '42' }).replace('nsenter', `printf '%s\\n'`);
    expect(sh(text).split('\n').slice(0, -1)).toEqual(stepArgv(step, { pid: '42' }).slice(1));
  });
});
