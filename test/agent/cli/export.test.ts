import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestCommandLine } from './commandLine.ts';

const trace = (name: string) => new URL(`../../fixtures/traces/${name}.chain.gz`, import.meta.url).pathname;

let line: TestCommandLine;
beforeEach(() => {
  line = new TestCommandLine();
});
afterEach(() => line.remove());

describe('export', () => {
  test('prints one file to standard output, and nothing else anywhere', async () => {
    const { code, out, err } = await line.say('export', trace('portable-watch'), '--to', 'docker');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^#!\/bin\/sh\n# A docker run for kept/);
  });

  test('writes to a file, or into a folder under its own name, and says what to fill in', async () => {
    const one = await line.say('export', trace('portable-watch'), '--to', 'pod', '--out', 'mine.yaml');
    expect(one).toMatchObject({ code: 0, out: '' });
    expect(one.err).toContain(`wrote ${line.path('mine.yaml')}\n`);
    expect(one.err).toContain('fill in: TOKEN: ');
    mkdirSync(line.path('folder'));
    await line.say('export', trace('portable-watch'), '--to', 'compose', '--out', 'folder');
    expect(readFileSync(line.path('folder/compose.yaml'), 'utf8')).toContain('services:');
  });

  test('makes a folder of a bundle, its script to be run', async () => {
    const { code } = await line.say('export', trace('portable-embedded'), '--to', 'bundle', '--out', 'b');
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(line.path('b/config.json'), 'utf8'))).toHaveProperty('ociVersion');
    expect(statSync(line.path('b/fetch-rootfs.sh')).mode & 0o777).toBe(0o755);
    const nowhere = await line.say('export', trace('portable-embedded'), '--to', 'bundle');
    expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining('say where with --out FOLDER') });
  });

  test('asks which one where a trace holds several containers', async () => {
    const file = trace('docker-start-three');
    const several = await line.say('export', file, '--to', 'docker');
    expect(several).toMatchObject({ code: 1, err: expect.stringMatching(/--container[\s\S]+dc940e7a3409/) });
    const one = await line.say('export', file, '--to', 'docker', '--container', '360f4b55d18f');
    expect(one.out).toContain('shop-api');
  });

  test('makes traces for other tools of it, and a text', async () => {
    const perfetto = await line.say('export', trace('docker-run'), '--to', 'perfetto');
    expect(JSON.parse(perfetto.out)).toHaveProperty('traceEvents.0.ph', 'M');
    const otlp = await line.say('export', trace('docker-run'), '--to', 'otlp', '--out', 'spans.json');
    expect(otlp.err).toContain('/v1/traces');
    expect(JSON.parse(readFileSync(line.path('spans.json'), 'utf8'))).toHaveProperty('resourceSpans.0');
    const text = await line.say('export', trace('docker-no-such-command'), '--to', 'text');
    expect(text.out).toMatch(/^\$ docker .*\n/);
    expect(text.out).toMatch(/ ms {2}client .*Somebody types: docker run/);
    expect(text.out).toMatch(/executable file not found in \$PATH/);
  });

  describe('to be shared', () => {
    const named = (name = 'jane.chain') => {
      const text = gunzipSync(readFileSync(trace('runc'))).toString();
      const file = line.path(name);
      writeFileSync(file, text.replaceAll('/tmp/rec/state', '/home/jane.doe/falcon'));
      return file;
    };

    test('replaces names of people and places, and says how often', async () => {
      const { code, err } = await line.say('export', named(), '--to', 'chain', '--out', 's.chain.gz');
      expect(code).toBe(0);
      expect(err).toMatch(/replaced user name 134 times/);
      const shared = gunzipSync(readFileSync(line.path('s.chain.gz'))).toString();
      expect(shared).not.toContain('jane');
      expect(shared).toContain('/home/user1/falcon');
      expect((await line.say('verify', line.path('s.chain.gz'))).out).toContain('whole, 706 events');
    });

    test('shows what would be shared before it is, and writes nothing', async () => {
      const { code, out, err } = await line.say(
        'export',
        named(),
        '--to',
        'chain',
        '--review',
        '--out',
        'r.chain',
      );
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/user name +jane\.doe +-> +user1 +\(134 times\)/);
      expect(out).toContain('What the container wrote: 1  (--hide output)\n    hello\n');
      expect(statSync(line.path('r.chain'), { throwIfNoEntry: false })).toBeUndefined();
    });

    test('hides more where that is asked for', async () => {
      const hidden = ['--hide', 'output,home-paths', '--hide-word', 'lucky'];
      const { out, err } = await line.say('export', named(), '--to', 'chain', ...hidden);
      expect(err).toContain('6 bytes of output');
      expect(out).not.toMatch(/falcon|lucky|aGVsbG8K/);
      const wrong = await line.say('export', named(), '--to', 'chain', '--hide', 'all');
      expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('take output, variables') });
    });

    test.each(['text', 'svg', 'perfetto', 'otlp'])(
      'keeps names out of %s too, unless they shall stay',
      async (format) => {
        const file = named();
        expect((await line.say('export', file, '--to', format)).out).not.toContain('jane');
        const kept = await line.say('export', file, '--to', 'chain', '--keep-names');
        expect(kept.out.split('jane.doe')).toHaveLength(135);
      },
    );

    test('leaves what is to be run as it is, and says so', async () => {
      const { out } = await line.say('export', trace('portable-watch'), '--to', 'docker', '--review');
      expect(out).toContain('nothing is replaced: --to docker makes something that runs');
    });
  });

  test('draws the picture of one step, which needs no other file and runs no script', async () => {
    const svg = async (...flags: string[]) =>
      (await line.say('export', trace('docker-run'), '--to', 'svg', ...flags)).out;
    const [first, later, dark] = [
      await svg('--step', '1'),
      await svg('--step', '20'),
      await svg('--theme', 'dark'),
    ];
    expect(first).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(first).not.toContain('runc');
    expect(later).toContain('runc');
    expect(dark).not.toBe(await svg());
    expect(later).not.toMatch(/<script|href=|url\((?!#)/);
    const wrong = await line.say('export', trace('docker-run'), '--to', 'svg', '--step', '99');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringMatching(/no such step\n.*1 to 43/) });
    const level = await line.say('export', trace('docker-run'), '--to', 'svg', '--level', 'deep');
    expect(level).toMatchObject({ code: 1, err: expect.stringContaining('story, calls, syscalls') });
  });

  test('tells the story as a guide says, in its words', async () => {
    const file = trace('docker-run');
    const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
    const { id } = JSON.parse(lines[0]!) as { id: string };
    const guide = (more: object) => JSON.stringify({ underdockGuide: 1, trace: id, ...more });
    const notes = [{ seq: 40, title: 'The middle', text: 'Mind the shim.' }];
    writeFileSync(line.path('my.guide.json'), guide({ title: 'A dive', hide: [{ layer: 'kernel' }], notes }));
    const text = await line.say('export', file, '--to', 'text', '--guide', line.path('my.guide.json'));
    expect(text.out).toMatch(/^A dive\n/);
    expect(text.out).toMatch(/\n\n## The middle\n.* ms .*\n {14}Mind the shim\.\n/);
    expect(text.out).not.toMatch(/ ms {2}kernel /);
    writeFileSync(line.path('other.guide.json'), guide({ trace: 'another' }));
    const other = await line.say('export', file, '--to', 'text', '--guide', line.path('other.guide.json'));
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('guide to the trace another') });
    writeFileSync(line.path('bad.guide.json'), guide({ notes: [{}] }));
    const bad = await line.say('export', file, '--to', 'html', '--guide', line.path('bad.guide.json'));
    expect(bad).toMatchObject({ code: 1, err: expect.stringContaining('notes.0') });
    const svg = await line.say('export', file, '--to', 'svg', '--guide', line.path('my.guide.json'));
    expect(svg).toMatchObject({ code: 1, err: expect.stringContaining('html or text') });
  });

  test('names the formats that there are, and says what is missing where nothing can be made', async () => {
    const wrong = await line.say('export', trace('docker-run'), '--to', 'helm');
    expect(wrong).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no such format[\s\S]+compose[\s\S]+bundle/),
    });
    const missing = await line.say('export', trace('docker-exec'), '--to', 'docker');
    expect(missing).toMatchObject({
      code: 1,
      err: expect.stringMatching(
        /does not tell enough for --to docker: The image: the trace does not tell its name/,
      ),
    });
  });

  test('exports a cut trace as far as it goes, with exit code 3', async () => {
    const whole = gunzipSync(readFileSync(trace('portable-docker'))).toString('utf8');
    writeFileSync(line.path('cut.chain'), whole.slice(0, -20));
    const { code, out, err } = await line.say('export', line.path('cut.chain'), '--to', 'docker');
    expect(code).toBe(3);
    expect(out).toContain('docker run');
    expect(err).toContain('cut off');
  });
});
