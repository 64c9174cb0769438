import { runRequestSchema } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import {
  draftOf,
  quoteWord,
  readCommand,
  requestOf,
  splitWords,
  writeCommand,
} from '../../../apps/web/src/views/runForm/commandLine.ts';
import { EXAMPLE, OPTIONS } from '../../../apps/web/src/views/runForm/options.ts';

describe('a command line', () => {
  it('is written as it was read', () => {
    for (const line of [
      EXAMPLE,
      'underdock run --memory 64m starter',
      `underdock run --env 'A=b c' --env D=e --interactive --tty starter /bin/sh -c 'echo "hi there"'`,
    ]) {
      expect(writeCommand(readCommand(line).draft)).toBe(line);
    }
  });

  it('takes docker’s way of writing the same', () => {
    const { draft, problem } = readCommand(
      'docker run --rm -it -m=64m --memory=32m -e A=1 -e B=2 starter sh',
    );
    expect(problem).toBe('-m=64m is not a flag that underdock knows');
    expect(draft).toMatchObject({ interactive: true, tty: true });
    const read = readCommand('docker run --rm -it -m 64m -e A=1 -e B=2 --read-only starter sh -m x');
    expect(requestOf(read.draft).request).toEqual({
      image: 'starter',
      memory: '64m',
      env: ['A=1', 'B=2'],
      interactive: true,
      tty: true,
      readOnly: true,
      command: ['sh', '-m', 'x'],
    });
  });

  it.each([
    ['underdock run --wings starter', '--wings is not a flag that underdock knows'],
    ['underdock run --memory', '--memory needs a value, such as 64m'],
    ['underdock run', 'the image is missing: name one after the flags, such as starter'],
    [`underdock run starter sh -c 'echo`, 'a single quote is opened and never closed'],
  ])('%s is answered with what to do', (line, problem) => expect(readCommand(line).problem).toBe(problem));

  it('asks for what the agent accepts, whichever option is set to its example', () => {
    for (const option of OPTIONS) {
      const value =
        option.kind === 'switch' ? true : option.kind === 'list' ? [option.example] : option.example;
      const { request } = requestOf({ image: 'starter', [option.key]: value });
      expect(runRequestSchema.safeParse(request).error?.issues ?? [], option.flag).toEqual([]);
      expect(readCommand(writeCommand({ image: 'starter', [option.key]: value })).draft[option.key]).toEqual(
        value,
      );
    }
  });

  it('comes back from a request that was run before', () => {
    const request = {
      image: 'starter',
      command: ['sh', '-c', 'echo a b'],
      memory: 67108864,
      tty: true,
      env: [],
    };
    expect(writeCommand(draftOf(request))).toBe(
      `underdock run --memory 67108864 --tty starter sh -c 'echo a b'`,
    );
  });

  it('leaves out what is not set', () => {
    const { request } = requestOf({
      image: ' starter ',
      env: ['', ' '],
      memory: '',
      hold: false,
      command: '',
    });
    expect(request).toEqual({ image: 'starter' });
  });
});

describe('words of a shell', () => {
  it.each([
    [`a 'b c' "d e" f\\ g`, ['a', 'b c', 'd e', 'f g']],
    [`'' ""`, ['', '']],
    [`"a\\"b" 'a\\b' "a\\b"`, ['a"b', 'a\\b', 'a\\b']],
    ['  a\n b\t', ['a', 'b']],
    [`a'b'"c"`, ['abc']],
  ])('%s are split as sh does', (line, words) => expect(splitWords(line)).toEqual({ words }));

  it.each(['', 'a b', `it's`, '$HOME', 'a"b', 'ü', 'a\nb', '*'])('%j survives being quoted', (word) =>
    expect(splitWords(quoteWord(word)).words).toEqual([word]),
  );
});
