import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ComparisonJson } from '../../../apps/agent/src/cli/compareCommand.ts';
import { TestCommandLine } from './commandLine.ts';

const recorded = (name: string) =>
  new URL(`../../fixtures/traces/${name}.chain.gz`, import.meta.url).pathname;
const [RUNC, CRUN, HAND, DOCKER] = ['runc', 'crun', 'by-hand', 'docker-run'].map(recorded) as [
  string,
  string,
  string,
  string,
];
const text = (file: string) => gunzipSync(readFileSync(file)).toString();

let line: TestCommandLine;
beforeEach(() => {
  line = new TestCommandLine();
});
afterEach(() => line.remove());

function file(name: string, content: string): string {
  writeFileSync(line.path(name), content);
  return line.path(name);
}

describe('compare', () => {
  test('shows traces side by side by what they achieve, in 80 columns and without colours', async () => {
    const { code, out, err } = await line.say('compare', RUNC, CRUN, HAND, DOCKER);
    expect([code, err]).toEqual([0, '']);
    const rows = out.split('\n');
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThanOrEqual(80);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours would be such characters
    expect(out).not.toMatch(/\u001b/);
    for (const title of [
      'Order handed down',
      'Image there',
      'Filesystem ready',
      'Isolation made',
      'Limits set',
    ])
      expect(rows).toContain(title);
    expect(rows.indexOf('Process running')).toBeLessThan(rows.indexOf('Cleaned up'));
    const isolation = rows.slice(rows.indexOf('Isolation made'));
    expect(isolation[1]).toMatch(/^ {2}who +runc +crun +by-hand +runc,$/);
    expect(out).toMatch(/^ {2}only C {2}mkdir/m);
    expect(out).toContain('± namespace cgroup'.replace('±', '≠'));
  });

  test('says that single runs do not tell which road is faster', async () => {
    const { out } = await line.say('compare', RUNC, CRUN);
    expect(out.replaceAll('\n', ' ')).toContain('one run each does not say which road is faster');
    expect(out.replaceAll('\n', ' ')).not.toMatch(/(?<!is )faster|slower/);
  });

  test('finds no difference between a file and itself', async () => {
    const { code, out } = await line.say('compare', RUNC, RUNC);
    expect(code).toBe(0);
    expect(out).toContain('No difference: it is the same trace.');
    expect(out).not.toContain('only A');
    expect(out).toContain(' 0 to look at');
  });

  test('prints the same as JSON, with the numbers of the table', async () => {
    const { out } = await line.say('compare', RUNC, HAND, '--json');
    const comparison = JSON.parse(out) as ComparisonJson;
    expect(comparison.traces).toEqual([
      { letter: 'A', from: RUNC, cut: false, faults: [] },
      { letter: 'B', from: HAND, cut: false, faults: [] },
    ]);
    expect(comparison.sides.map(({ road }) => road)).toEqual(['embedded, runc', 'embedded, by-hand']);
    const table = (await line.say('compare', RUNC, HAND)).out;
    for (const { cells } of comparison.rows) {
      const numbers = cells.map(({ syscalls }) => syscalls.n).join(' +');
      expect(table).toMatch(new RegExp(`^ {2}system calls +${numbers}$`, 'm'));
    }
  });

  test('tells with --all also what is the same', async () => {
    const { out } = await line.say('compare', RUNC, CRUN, '--all');
    expect(out).toMatch(/^ {2}= ociVersion: same/m);
    expect(out).toMatch(/^ {2}= .*pivot_root|^ {5}.*pivot_root/m);
  });
});

describe('what compare is given', () => {
  test('may be cut off: it is compared as far as it goes, with a note and exit code 3', async () => {
    const whole = text(RUNC);
    const cut = file('cut.chain', whole.slice(0, Math.floor(whole.length / 2)));
    const { code, out } = await line.say('compare', cut, RUNC);
    expect(code).toBe(3);
    expect(out.replaceAll(/\n +/g, ' ')).toContain(`A: ${cut} is cut off: compared as far as it goes`);
    expect(out).toContain('not so far in');
    expect(out).toMatch(/A: it has not ended in this trace/);
  });

  test('may hold lines that are no events: they are passed over and told', async () => {
    const [header, ...rest] = text(RUNC).split('\n');
    const { code, out } = await line.say(
      'compare',
      file('odd.chain', [header, 'no json', '{"seq":0}', ...rest].join('\n')),
      CRUN,
    );
    expect(code).toBe(3);
    expect(out).toContain('A: passed over: line 2 is not JSON');
    expect(out).toContain('A: passed over: line 3 is no event');
  });

  test('may be the id of a run in the state folder, or how it begins', async () => {
    mkdirSync(line.path('state/traces'), { recursive: true });
    writeFileSync(line.path('state/traces/abcd12345678.chain'), text(RUNC));
    writeFileSync(line.path('state/traces/abff00000000.chain'), text(CRUN));
    expect((await line.say('compare', 'abcd12345678', 'abff')).code).toBe(0);
    const { code, err } = await line.say('compare', 'abcd', 'ffff9999');
    expect(code).toBe(1);
    expect(err).toMatch(
      /^underdock: ffff9999: there is no such file, and no run with this id in .*\n {2}give a \.chain file/,
    );
    writeFileSync(line.path('state/traces/abcd99999999.chain'), text(CRUN));
    expect((await line.say('compare', 'abcd', 'abff')).err).toBe(
      'underdock: abcd: 2 runs have an id that begins so\n  write more of the id\n',
    );
  });

  test.each([
    [[], 'two to four traces, not 0'],
    [['a'], 'two to four traces, not 1'],
    [['a', 'b', 'c', 'd', 'e'], 'two to four traces, not 5'],
  ])('must be two to four traces: %j', async (words, says) => {
    const { code, out, err } = await line.say('compare', ...words);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(says);
    expect(err).toContain('underdock compare A B');
  });

  test('must be traces', async () => {
    const { code, err } = await line.say('compare', file('x.chain', 'hello\n'), RUNC);
    expect(code).toBe(1);
    expect(err).toMatch(/^underdock: the first line is no header of a trace/);
    expect((await line.say('compare', file('empty.chain', ''), RUNC)).err).toContain('the file is empty');
    expect((await line.say('compare', line.folder, RUNC)).err).toContain("can't be read (EISDIR)");
    expect((await line.say('compare', '../../etc/passwd', RUNC)).code).toBe(1);
  });

  test('may name one file on standard input, even twice', async () => {
    line.stdin.end(text(CRUN));
    const before = Object.getOwnPropertyDescriptor(process, 'stdin')!;
    Object.defineProperty(process, 'stdin', { value: line.stdin, configurable: true });
    try {
      const { code, out } = await line.say('compare', '-', '-');
      expect(code).toBe(0);
      expect(out).toContain('No difference: it is the same trace.');
    } finally {
      Object.defineProperty(process, 'stdin', before);
    }
  });
});
