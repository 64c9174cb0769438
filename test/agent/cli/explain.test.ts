import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { encodeLine } from '@underdock/trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { events, header } from '../../chain/events.ts';
import { TestCommandLine } from './commandLine.ts';

const OOM = new URL('../../fixtures/traces/oom.chain.gz', import.meta.url).pathname;

let line: TestCommandLine;
beforeEach(() => {
  line = new TestCommandLine();
});
afterEach(() => line.remove());

function file(name: string, text: string): string {
  writeFileSync(line.path(name), text);
  return line.path(name);
}

describe('explain', () => {
  test('prints a line for each link of a flag, with its grade and its event', async () => {
    const { code, out } = await line.say('explain', OOM, '--flag', 'memory');
    expect(code).toBe(0);
    const rows = out.split('\n').filter((row) => row.includes('['));
    expect(rows).toHaveLength(5);
    expect(rows[0]).toBe('  flag         --memory = 24m (24 MiB)  [observed, event 1, underdock]');
    expect(rows[4]).toMatch(
      /^ {2}shown now {4}memory\.limit_in_bytes = 25165824 \(24 MiB\) {2}\[read-back, event \d+, /,
    );
  });

  test('takes a flag as docker spells it, and all flags where none is named', async () => {
    const one = await line.say('explain', OOM, '--flag', '--pids-limit');
    expect(one.out).toMatch(/^--pids-limit, not given\n/);
    const all = await line.say('explain', OOM);
    expect(all.out.match(/^--\S+/gm)).toEqual([
      '--memory',
      '--cpus,',
      '--pids-limit,',
      '--hostname,',
      '--user,',
      '--cap-add,',
      '--read-only,',
      '--network,',
    ]);
    expect(all.out).toMatch(/\nnot given: mounts, ports, env\n$/);
  });

  test('lists the flags that there are when it does not know one', async () => {
    const { code, out, err } = await line.say('explain', OOM, '--flag', 'colour');
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      'underdock: --flag colour: there is no such flag to explain\n' +
        '  there are: memory, cpus, pids, hostname, user, capabilities, read-only, mounts, ports, env, network\n',
    );
  });

  test('says as JSON what it says in words, as one object', async () => {
    const { code, out } = await line.say('explain', OOM, '--flag', 'memory', '--json');
    const said = JSON.parse(out);
    expect(code).toBe(0);
    expect(said).toMatchObject({ via: 'embedded', cut: false, containers: [{ lines: [{ agrees: true }] }] });
    expect(said.containers[0].lines[0].steps.map(({ place }: { place: string }) => place)).toEqual([
      'flag',
      'api',
      'config',
      'kernel',
      'now',
    ]);
  });

  test('explains a trace that is cut off as far as it goes, and says so', async () => {
    const whole = gunzipSync(readFileSync(OOM)).toString();
    const { code, out } = await line.say('explain', file('cut.chain', whole.slice(0, 40_000)), '--flag', 'm');
    expect(code).toBe(3);
    expect(out).toContain('the run has not come to this yet');
    expect(out).toMatch(/the trace is cut off: explained as far as it goes\n$/);
  });

  test('passes faulty lines over with a word and exit code 1', async () => {
    const text = gunzipSync(readFileSync(OOM)).toString().replace('\n', '\n{"seq":"x"}\n');
    const { code, out } = await line.say('explain', file('broken.chain', text), '--flag', 'm');
    expect(code).toBe(1);
    expect(out).toMatch(/memory\.limit_in_bytes = 25165824/);
    expect(out).toMatch(/\npassed over: line 2.*\n$/);
  });

  test('shouts when a value changes on the way', async () => {
    const all = events(
      { step: 'client/run', type: 'begin', data: { options: { memory: '64m' } } },
      {
        step: 'kernel/has-cgroup-value',
        type: 'fact',
        container: 'c',
        grade: 'read-back',
        data: { file: '/sys/fs/cgroup/c/memory.max', name: 'memory.max', value: '1048576' },
      },
    );
    const text = [header, ...all].map(encodeLine).join('');
    const { code, out } = await line.say('explain', file('differs.chain', text), '--flag', 'memory');
    expect(code).toBe(4);
    expect(out).toMatch(/^--memory: values differ\n/);
    expect(out).toContain('differs: --memory says 64 MiB, this says 1 MiB');
  });

  test('names the containers when the one asked for is not in the trace', async () => {
    const { code, err } = await line.say('explain', OOM, '--container', 'feed');
    expect(code).toBe(1);
    expect(err).toMatch(
      /^underdock: --container feed: the trace has no such container\n {2}it has: [0-9a-f]{12}\n$/,
    );
  });

  test('says what is wrong with a file that is no trace, or not there', async () => {
    expect(await line.say('explain', file('x.txt', 'hello\n'))).toMatchObject({ code: 1, out: '' });
    const missing = await line.say('explain', line.path('none.chain'));
    expect(missing).toMatchObject({ code: 1, err: expect.stringContaining("can't be read (ENOENT)") });
  });

  test('lets nothing in a trace drive the terminal', async () => {
    const all = events({
      step: 'client/run',
      type: 'begin',
      data: { options: { hostname: '\u001b[31mred\u0007' } },
    });
    const text = [header, ...all].map(encodeLine).join('');
    const { out } = await line.say('explain', file('hostile.chain', text), '--flag', 'hostname');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(out.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f]/);
  });
});
