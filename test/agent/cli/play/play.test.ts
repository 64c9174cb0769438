import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { createTimeline } from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellsOf, fitted, foldedLines } from '../../../../apps/agent/src/cli/play/cells.ts';
import { frame } from '../../../../apps/agent/src/cli/play/frame.ts';
import { wishesIn } from '../../../../apps/agent/src/cli/play/keys.ts';
import { fulfil, goneOn, type PlayState, pauseOf } from '../../../../apps/agent/src/cli/play/playState.ts';
import { tame } from '../../../../apps/agent/src/cli/words.ts';
import { recordedTrace } from '../../../fixtures/traces.ts';
import { TestCommandLine } from '../commandLine.ts';

const FILE = 'test/fixtures/traces/docker-oom.chain.gz';
const line = new TestCommandLine();
let server: Server;
let base: string;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url !== '/oom.chain.gz') return void response.writeHead(404).end();
    response.end(readFileSync(FILE));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  line.remove();
});

describe('underdock play without a terminal', () => {
  it('prints the story at once, each step with its layer, and without colours', async () => {
    const { code, out } = await line.say('play', FILE);
    expect(code).toBe(0);
    expect(out).toMatch(/^\$ docker .*run/);
    expect(out).toMatch(
      /ms {2}kernel {6}tail {2}The kernel kills tail \(process \d+\): the memory limit is reached\n/,
    );
    expect(out.trimEnd().split('\n').at(-1)).toContain('The command is over: exit code 137');
    expect(out).not.toContain('\u001b');
  });

  it('begins where it is told to, at the level that it is told', async () => {
    const [story, calls] = [await line.say('play', FILE), await line.say('play', '--level', 'calls', FILE)];
    expect(calls.out.split('\n').length).toBeGreaterThan(story.out.split('\n').length);
    const late = await line.say('play', '--step', '10', FILE);
    expect(late.out.split('\n').slice(1)).toEqual(story.out.split('\n').slice(10));
    const beyond = await line.say('play', '--step', '9999', FILE);
    expect(beyond.out.trimEnd().split('\n')).toHaveLength(2);
  });

  it('reads from an address as from a file', async () => {
    const [file, address] = [await line.say('play', FILE), await line.say('play', `${base}/oom.chain.gz`)];
    expect(address).toEqual(file);
    expect(await line.say('play', `${base}/none.chain`)).toMatchObject({
      code: 1,
      err: expect.stringContaining('its server answers 404'),
    });
  });

  it('plays a trace that is cut off as far as it goes, and says so', async () => {
    const text = gunzipSync(readFileSync(FILE)).toString();
    const cut = line.path('cut.chain');
    writeFileSync(cut, text.slice(0, text.length / 2));
    expect(await line.say('play', cut)).toMatchObject({ code: 3, err: expect.stringContaining('cut off') });
  });

  it.each([
    [['--level', 'deep', FILE], 'there are: story, calls, syscalls'],
    [['--speed', '0', FILE], '--speed 0'],
    [['--step', '1.5', FILE], '--step 1.5'],
    [['/no/such.chain'], 'no such file'],
    [['gallery', '../../etc/passwd'], 'the gallery has no'],
    [[FILE, FILE], 'one trace can be played at a time'],
  ])('refuses %j', async (words, says) => {
    expect(await line.say('play', ...words)).toMatchObject({ code: 1, err: expect.stringContaining(says) });
  });
});

describe('what is drawn', () => {
  const state: PlayState = { index: 0, playing: false, pace: 'told', speed: 1, level: 'story' };

  it.each([
    [1, 1],
    [4, 20],
    [15, 79],
    [24, 80],
    [60, 240],
  ])('fits a terminal of %i rows and %i columns at every step', async (rows, columns) => {
    const { header, events } = await recordedTrace('docker-oom');
    const timeline = createTimeline(header, events, 'story');
    for (let index = 0; index < timeline.steps.length; index++) {
      const lines = frame({ header, timeline, state: { ...state, index } }, { rows, columns }, false);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const one of lines) expect(cellsOf(one), one).toBeLessThanOrEqual(columns);
    }
  });

  it('holds no control character of a hostile trace', () => {
    const evil = 'x\u001b]0;owned\u0007\u001b[2J\r\n\u009b31m\u202e\u2028y';
    const header = { ...hostile(evil).header };
    const timeline = createTimeline(header, hostile(evil).events, 'syscalls');
    const text = frame({ header, timeline, state }, { rows: 40, columns: 120 }, false).join('\n');
    expect(text).toContain('owned');
    for (const one of text.split('\n')) expect(one).toBe(tame(one));
  });

  it('says that there is nothing where a trace tells nothing', () => {
    const { header } = hostile('x');
    const timeline = createTimeline(header, [], 'story');
    expect(frame({ header, timeline, state }, { rows: 24, columns: 80 }, false).join('\n')).toContain(
      'nothing is told',
    );
  });
});

describe('columns', () => {
  it('counts wide signs twice and marks not at all', () => {
    expect([cellsOf('abc'), cellsOf('語'), cellsOf('e\u0301')]).toEqual([3, 2, 1]);
    expect(fitted('語語語', 5)).toBe('語語…');
    expect(fitted('abc', 0)).toBe('');
    expect(foldedLines('one two 語語語語', 5)).toEqual(['one', 'two', '語語', '語語']);
  });
});

describe('the keys', () => {
  it('are found in whatever arrives at once; others ask for nothing', () => {
    expect(wishesIn(' \u001b[C\u001b[Dx+\u001b[6~\u001b[1;5Hq')).toEqual([
      'turn',
      'next',
      'back',
      'faster',
      'next',
      'quit',
    ]);
    expect(wishesIn('__proto__constructor'.replaceAll(/[ntlpq]/g, ''))).toEqual([]);
  });

  it('move within the trace, and playing on from the end begins anew', () => {
    const state: PlayState = { index: 1, playing: true, pace: 'told', speed: 1, level: 'story' };
    expect(fulfil(state, 'back', 3)).toMatchObject({ index: 0, playing: false });
    expect(fulfil({ ...state, index: 2 }, 'next', 3)).toMatchObject({ index: 2 });
    expect(fulfil({ ...state, index: 2, playing: false }, 'turn', 3)).toMatchObject({
      index: 0,
      playing: true,
    });
    expect(goneOn({ ...state, index: 1 }, 3)).toMatchObject({ index: 2, playing: false });
    expect(fulfil(fulfil(state, 'faster', 3), 'slower', 3)).toEqual(state);
  });

  it('wait as long as is told, or as it was, and never longer than three seconds', () => {
    const steps = [{ at: 0 }, { at: 500 }, { at: 60_000 }];
    const state: PlayState = { index: 0, playing: true, pace: 'told', speed: 2, level: 'story' };
    expect(pauseOf(state, steps)).toBe(800);
    expect(pauseOf({ ...state, pace: 'true' }, steps)).toBe(250);
    expect(pauseOf({ ...state, pace: 'true', index: 1 }, steps)).toBe(3000);
    expect(pauseOf({ ...state, index: 2 }, steps)).toBeUndefined();
    expect(pauseOf({ ...state, playing: false }, steps)).toBeUndefined();
  });
});

function hostile(text: string): { header: TraceHeader; events: TraceEvent[] } {
  const header: TraceHeader = {
    ...{ underdock: 1, id: 'x', title: text, via: 'docker', command: [text] },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', clock: { monotonicNs: '0', wallMs: 0 } },
    host: { kernel: text, arch: text, cgroup: 'v2', root: true, versions: {} },
    ...{ watchers: [], redacted: [] },
  };
  const event: TraceEvent = {
    ...{ seq: 1, at: 0, type: 'log', step: 'client/unknown', layer: 'client', data: { text } },
    ...{ actor: { name: text }, evidence: [{ source: 'self', raw: {} }], grade: 'observed' },
  };
  const failed: TraceEvent = { ...event, seq: 2, type: 'begin', step: 'low-level/create', span: 's1' };
  const end: TraceEvent = { ...failed, seq: 3, type: 'end', data: { error: text, message: text } };
  return { header, events: [event, failed, end] };
}
