import { diskStackOf } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { facts } from '../fakes/layerOnDisk.ts';

const LOWER = ['/d/overlay2/c-init/diff', '/d/overlay2/b/diff', '/d/overlay2/a/diff'];
const SNAPSHOT = {
  kind: 'overlay',
  target: '/d/overlay2/c/merged',
  lower: LOWER,
  upper: '/d/overlay2/c/diff',
  work: '/w',
};
const layer = (index: number, more = {}) => ({ index, diffId: `sha256:${index}`, ...more });
const shape = ({ layers }: ReturnType<typeof diskStackOf>) =>
  layers.map(({ kind, folder }) => [kind, folder]);

describe('the stack of layers on disk', () => {
  it('goes from the image’s lowest layer over the engine’s own to what the container writes', () => {
    const stack = diskStackOf(
      facts(
        ['high-level/has-snapshot', SNAPSHOT, 'c1'],
        ['high-level/has-layer', layer(0, { createdBy: 'COPY', unpackedBytes: 5 }), 'c1'],
        ['high-level/has-layer', layer(1), 'c1'],
      ),
    );
    expect(shape(stack)).toEqual([
      ['image', '/d/overlay2/a/diff'],
      ['image', '/d/overlay2/b/diff'],
      ['init', '/d/overlay2/c-init/diff'],
      ['upper', '/d/overlay2/c/diff'],
    ]);
    expect(stack.layers.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(stack.layers[0]).toMatchObject({ createdBy: 'COPY', bytes: 5, diffId: 'sha256:0' });
    expect(stack).toMatchObject({ kind: 'overlay', container: 'c1', lower: LOWER, gone: false });
  });

  it('believes the disk where the image’s list does not fit to it', () => {
    const stack = diskStackOf(
      facts(['high-level/has-snapshot', SNAPSHOT, 'c1'], ['high-level/has-layer', layer(0), 'c1']),
    );
    expect(shape(stack)[1]).toEqual(['image', '/d/overlay2/b/diff']);
    expect(stack.layers[0]).not.toHaveProperty('diffId');
  });

  it('of underdock’s own act, which names layers as they are stacked, has the same order', () => {
    const events = facts(
      ['high-level/has-layer', layer(0, { folder: '/s/a' })],
      ['high-level/has-layer', layer(1, { folder: '/s/b' })],
      [
        'high-level/prepare-snapshot',
        { kind: 'overlay', lower: ['/s/a', '/s/b'], upper: '/r/upper', target: '/r' },
        'c1',
      ],
      ['high-level/has-snapshot', { kind: 'overlay', target: '/r', layers: 2 }, 'c1'],
    );
    const stack = diskStackOf(events);
    expect(stack.lower).toEqual(['/s/b', '/s/a']);
    expect(shape(stack)).toEqual([
      ['image', '/s/a'],
      ['image', '/s/b'],
      ['upper', '/r/upper'],
    ]);
  });

  it('has one tree where the layers were copied into one', () => {
    const events = facts(
      ['high-level/has-layer', layer(0)],
      ['high-level/has-layer', layer(1)],
      [
        'high-level/prepare-snapshot',
        { kind: 'copy', lower: ['/s/b-flat'], upper: '/r/upper', target: '/r' },
        'c1',
      ],
    );
    expect(shape(diskStackOf(events))).toEqual([
      ['image', undefined],
      ['image', undefined],
      ['copy', '/r'],
    ]);
  });

  it('keeps containers apart, and says when one has been taken apart', () => {
    const events = facts(
      ['high-level/has-snapshot', SNAPSHOT, 'c1'],
      ['high-level/has-snapshot', { ...SNAPSHOT, upper: '/other', lower: [] }, 'c2'],
      ['high-level/has-snapshot', { kind: 'overlay', target: SNAPSHOT.target, gone: true }, 'c1'],
    );
    expect(diskStackOf(events, 'c1')).toMatchObject({ upper: SNAPSHOT.upper, gone: true });
    expect(diskStackOf(events, 'c2')).toMatchObject({ upper: '/other', gone: false });
  });

  it('is empty where the trace tells nothing', () => {
    expect(diskStackOf([])).toEqual({ layers: [], lower: [], gone: false });
  });
});
