import { describe, expect, it } from 'vitest';
import { readPlace, withPlace } from '../../../apps/web/src/player/address.ts';

describe('the place in an address', () => {
  it('is read as it was written, beside the run', () => {
    const places = [
      {},
      { step: 12, level: 'calls', view: 'timeline', find: 'mount pid:4' },
      { step: 0 },
      { event: 733, level: 'syscalls' },
    ] as const;
    for (const place of places) {
      const hash = withPlace('#run=opened-1&step=9&view=flags&find=x', place);
      expect(new URLSearchParams(hash.slice(1)).get('run')).toBe('opened-1');
      expect(readPlace(hash)).toEqual(place);
    }
  });

  it('says nothing where the address says nonsense', () => {
    expect(readPlace('#step=-1&event=1e9&level=deep&view=javascript:alert(1)&find=')).toEqual({});
    expect(readPlace('#step=99999999999')).toEqual({});
    expect(readPlace('')).toEqual({});
  });

  it('is shorter at the usual level', () =>
    expect(withPlace('#run=a', { level: 'story', step: 3 })).toBe('#run=a&step=3'));
});
