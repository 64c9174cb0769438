import type { RunSummary } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { newsOf } from '../../../apps/web/src/views/newest.ts';
import { titleOf } from '../../../apps/web/src/views/runWords.ts';

const run = (id: string, more: Partial<RunSummary> = {}): RunSummary => ({
  id,
  title: id,
  via: 'watch',
  command: ['docker', 'run', id],
  startedAt: '2026-01-01T00:00:00.000Z',
  state: 'running',
  events: 1,
  tty: false,
  interactive: false,
  ...more,
});
const seen = new Set(['old']);

describe('a run that somebody else begins', () => {
  it('is opened by itself where nobody looks at anything', () => {
    const news = newsOf([run('new'), run('old')], { shown: undefined, idle: true, seen });
    expect(news).toMatchObject({ open: { id: 'new' } });
  });

  it('is told of where somebody looks at something, with how many others there are', () => {
    const news = newsOf([run('c'), run('b'), run('old')], { shown: 'old', idle: false, seen });
    expect(news).toMatchObject({ tell: { id: 'c' }, others: 1 });
  });

  it('is no news when the page has started it, has shown it, or knew it', () => {
    const runs = [run('mine', { via: 'embedded' }), run('here'), run('old')];
    expect(newsOf(runs, { shown: 'here', idle: true, seen })).toBeUndefined();
  });

  it('does not take the place of a container when it makes none', () => {
    const shown = run('shown', { container: 'c1' });
    const reader = { shown: 'shown', idle: true, seen };
    expect(newsOf([run('ps'), shown], reader)).toMatchObject({ tell: { id: 'ps' } });
    expect(newsOf([run('ps'), run('exec', { container: 'c1' }), shown], reader)).toMatchObject({
      open: { id: 'exec' },
    });
  });
});

describe('the title of a run', () => {
  it.each([
    [['docker', '-H', 'unix:///e.sock', 'run', '--rm', 'a b'], "docker run --rm 'a b'"],
    [['POST', `/v1.41/containers/${'ab12'.repeat(16)}/start`], 'POST /containers/ab12ab12ab12/start'],
    [[], 'container c0ffeec0ffee'],
  ])('of %j is %s', (command, title) => {
    expect(titleOf(run('x', { command, container: 'c0ffee'.repeat(10) }))).toBe(title);
  });

  it('keeps the command of a run that underdock was asked for as it is', () => {
    const own = run('x', { via: 'embedded', command: ['underdock', 'run', '-H', 'h'] });
    expect(titleOf(own)).toBe('underdock run -H h');
  });
});
