import { describe, expect, it } from 'vitest';
import { takeToken } from '../../../apps/web/src/source/access.ts';

const place = (href: string, kept = new Map<string, string>()) => {
  const shown: string[] = [];
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  return { href, kept, shown, storage, replaceAddress: (next: string) => void shown.push(next) };
};

describe('the token of a link', () => {
  it('leaves the address bar, which keeps everything else', () => {
    const here = place('http://127.0.0.1:7070/lab/?token=abc&x=1#run=r1');
    expect(takeToken(here)).toBe('abc');
    expect(here.shown).toEqual(['http://127.0.0.1:7070/lab/?x=1#run=r1']);
  });

  it('is still known after a reload', () => {
    const first = place('http://127.0.0.1:7070/?token=abc');
    takeToken(first);
    expect(takeToken(place('http://127.0.0.1:7070/', first.kept))).toBe('abc');
  });

  it('is not given to another agent under the same host', () => {
    const first = place('http://lab.example/u/1/?token=abc');
    takeToken(first);
    expect(takeToken(place('http://lab.example/u/2/', first.kept))).toBeUndefined();
  });

  it('is used even where the browser keeps nothing', () => {
    const closed = {
      ...place('http://127.0.0.1/?token=abc'),
      storage: {
        getItem: () => {
          throw new Error('denied');
        },
        setItem: () => {
          throw new Error('denied');
        },
      },
    };
    expect(takeToken(closed)).toBe('abc');
    expect(takeToken({ ...closed, href: 'http://127.0.0.1/' })).toBeUndefined();
  });
});
