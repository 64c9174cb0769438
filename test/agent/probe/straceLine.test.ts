import { describe, expect, it } from 'vitest';
import {
  numberOf,
  pathOf,
  readStraceLine,
  splitArguments,
  stringOf,
} from '../../../apps/agent/src/probe/straceLine.ts';

describe('a line of strace', () => {
  it('is a call with its arguments, result and duration', () => {
    expect(
      readStraceLine(
        '13137<runc:[2:INIT]> 1795305161.666637 mount("proc", "/p", "proc", 0, NULL) = 0 <0.000082>',
      ),
    ).toEqual({
      is: 'call',
      tid: 13137,
      comm: 'runc:[2:INIT]',
      wallMs: 1795305161666.637,
      name: 'mount',
      args: ['"proc"', '"/p"', '"proc"', '0', 'NULL'],
      result: '0',
      tookMs: 0.082,
    });
  });

  it('may be the first or the second half of a call', () => {
    expect(readStraceLine('1<a> 1.5 clone(child_stack=NULL, flags=0x4100|17 <unfinished ...>')).toMatchObject(
      {
        is: 'unfinished',
        name: 'clone',
        text: 'child_stack=NULL, flags=0x4100|17',
      },
    );
    expect(readStraceLine('1<a> 1.6 <... clone resumed>) = 12<b> <0.1>')).toMatchObject({
      is: 'resumed',
      name: 'clone',
      text: ') = 12<b> <0.1>',
    });
  });

  it('may be an end', () => {
    expect(readStraceLine('7<sh> 2.0 +++ exited with 3 +++')).toMatchObject({ is: 'exit', exitCode: 3 });
    expect(readStraceLine('7<sh> 2.0 +++ killed by SIGKILL +++')).toMatchObject({
      is: 'exit',
      signal: 'SIGKILL',
    });
  });

  it('that is none, is malformed', () => {
    for (const line of ['', 'hello', '1 mount()', '1<a> 1.5 mount("x"']) {
      expect(readStraceLine(line), line).toEqual({ is: 'malformed' });
    }
  });
});

describe('arguments', () => {
  it('are split where neither strings, brackets nor paths hold the comma', () => {
    expect(splitArguments('5</a,b>, "c, \\", d", {x=1, y=[2, 3]}, 0x10')).toEqual([
      '5</a,b>',
      '"c, \\", d"',
      '{x=1, y=[2, 3]}',
      '0x10',
    ]);
    expect(splitArguments('')).toEqual([]);
  });

  it('are strings with their escapes resolved, a cut one with a mark', () => {
    expect(stringOf('"a\\n\\303\\251\\"\\\\\\0"')).toBe('a\né"\\\0');
    expect(stringOf('"long"...')).toBe('long…');
    expect(stringOf('NULL')).toBeUndefined();
  });

  it('are numbers in any notation', () => {
    expect([numberOf('0x4100|17'), numberOf('-100</x>'), numberOf('NULL'), numberOf(undefined)]).toEqual([
      0x4111, -100, 0, 0,
    ]);
  });

  it('may carry the path of a descriptor', () => {
    expect(pathOf('1</tmp/a,\\76b>')).toBe('/tmp/a,>b');
    expect(pathOf('3')).toBeUndefined();
  });
});
