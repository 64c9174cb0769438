import { describe, expect, it } from 'vitest';
import { embedOptions, toldBy } from '../../../apps/web/src/embed/embedOptions.ts';

const of = (search: string) => embedOptions(new URL(search, 'https://example.org/lab/'));
const PLAIN = {
  step: undefined,
  level: undefined,
  controls: 'mini',
  theme: 'auto',
  autoplay: false,
  parent: undefined,
};

describe('the address of an embedded page', () => {
  it('asks for nothing on the page as such', () => {
    for (const search of ['', '?embed=0', '?embed', '?step=3']) expect(of(search)).toBeUndefined();
  });

  it('is understood word by word', () => {
    const all =
      '?embed=1&step=12&level=calls&controls=none&theme=light&autoplay=1&parent=https://school.example/x';
    expect(of(all)).toEqual({
      step: 12,
      level: 'calls',
      controls: 'none',
      theme: 'light',
      autoplay: true,
      parent: 'https://school.example',
    });
  });

  it.each([
    '?embed=1',
    '?embed=1&step=0',
    '?embed=1&step=-3',
    '?embed=1&step=1.5',
    '?embed=1&step=x&level=deep&controls=all&theme=pink&autoplay=yes',
    '?embed=1&parent=javascript:alert(1)',
    '?embed=1&parent=nowhere',
  ])('may hold what nobody understands: %s', (search) => expect(of(search)).toEqual(PLAIN));
});

describe('a message of the page around', () => {
  it.each([
    [{ underdock: 1, type: 'move', to: 'next' }],
    [{ underdock: 1, type: 'show', step: 3, level: 'calls', controls: 'full', theme: 'dark' }],
    [{ underdock: 1, type: 'show' }],
  ])('is taken as it is: %j', (message) => expect(toldBy(message)).toEqual(message));

  it('brings a trace as bytes', () => {
    const bytes = new ArrayBuffer(3);
    expect(toldBy({ underdock: 1, type: 'trace', name: 'a', bytes })).toEqual({
      underdock: 1,
      type: 'trace',
      name: 'a',
      bytes,
    });
  });

  it('loses what is not understood of it', () => {
    const message = { underdock: 1, type: 'show', step: -1, level: 'deep', theme: 'dark', html: '<script>' };
    expect(toldBy(message)).toEqual({ underdock: 1, type: 'show', theme: 'dark' });
  });

  it.each([
    [undefined],
    [null],
    ['next'],
    [{}],
    [{ type: 'move', to: 'next' }],
    [{ underdock: 1, type: 'move', to: 'elsewhere' }],
    [{ underdock: 1, type: 'trace', bytes: 'text' }],
    [{ underdock: 1, type: 'run', command: 'x' }],
  ])('is none: %j', (message) => expect(toldBy(message)).toBeUndefined());
});
