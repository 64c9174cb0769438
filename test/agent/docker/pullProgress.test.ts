import { expect, test } from 'vitest';
import type { Tell } from '../../../apps/agent/src/run/tell.ts';
import { type PullLine, PullProgress } from '../../../apps/agent/src/via/docker/pullProgress.ts';

/** What is told, as lines. */
function listen(): { lines: string[]; tell: Tell } {
  const lines: string[] = [];
  let spans = 0;
  const say = (type: string, step: string, data: object) =>
    lines.push(`${type} ${step} ${JSON.stringify(data)}`);
  const tell: Tell = {
    begin(step, data) {
      const name = step.replace('high-level/', '');
      say('begin', name, data);
      return {
        span: `s${++spans}`,
        progress: (more) => say('progress', name, more),
        end: (more = {}) => say('end', name, more),
        fail: (error) => say('fail', name, { message: (error as Error).message }),
      };
    },
    log: () => {},
    fact: () => {},
    spawned: () => {},
  };
  return { lines, tell };
}

const A = 'aaaaaaaaaaaa';
const B = 'bbbbbbbbbbbb';
function pull(...said: PullLine[]): { lines: string[]; progress: PullProgress } {
  const { lines, tell } = listen();
  const progress = new PullProgress(tell, ['s0'], { name: 'dockerd' });
  for (const line of said) progress.take(line);
  return { lines, progress };
}

test('a layer is fetched, then unpacked, by its place in the image', () => {
  const { lines } = pull(
    { status: 'Pulling from library/x', id: 'latest' },
    { status: 'Pulling fs layer', id: A },
    { status: 'Pulling fs layer', id: B },
    { status: 'Downloading', id: B, progressDetail: { current: 5, total: 10 } },
    { status: 'Verifying Checksum', id: B },
    { status: 'Download complete', id: B },
    { status: 'Extracting', id: B, progressDetail: { current: 10, total: 10 } },
    { status: 'Pull complete', id: B },
  );
  expect(lines).toEqual([
    `begin fetch-layer {"index":1,"layerId":"${B}","totalBytes":10}`,
    'progress fetch-layer {"bytes":5,"totalBytes":10}',
    'end fetch-layer {"bytes":10}',
    `begin unpack-layer {"index":1,"layerId":"${B}"}`,
    'end unpack-layer {}',
  ]);
});

test('engines that say seconds and no bytes are told in seconds', () => {
  const { lines } = pull({ status: 'Extracting', id: A, progressDetail: { current: 3, units: 's' } });
  expect(lines.at(-1)).toBe('progress unpack-layer {"seconds":3}');
});

test('layers that are there already are known, and nothing is told of fetching them', () => {
  const { lines, progress } = pull(
    { status: 'Already exists', id: A },
    { status: 'Pulling fs layer', id: B },
  );
  expect([lines, [...progress.present]]).toEqual([[], [0]]);
});

test('a pull that breaks off ends what was under way with its error', () => {
  const { lines, progress } = pull(
    { status: 'Downloading', id: A, progressDetail: { current: 1, total: 9 } },
    { error: 'x', errorDetail: { message: 'unexpected EOF' } },
  );
  expect(progress.error).toBe('unexpected EOF');
  progress.end(new Error('unexpected EOF'));
  expect(lines.at(-1)).toBe('fail fetch-layer {"message":"unexpected EOF"}');
});
