import { PersistentList, PersistentMap } from '@underdock/chain';
import { describe, expect, it } from 'vitest';

describe('a persistent list', () => {
  it('holds what was pushed, in order, across many leaves', () => {
    let list = new PersistentList<number>();
    for (let i = 0; i < 5000; i++) list = list.push(i * 2);
    expect(list.length).toBe(5000);
    expect([...list]).toEqual(Array.from({ length: 5000 }, (_, i) => i * 2));
    expect([list.at(0), list.at(1023), list.at(1024), list.at(-1), list.at(5000), list.at(-5001)]).toEqual([
      0,
      2046,
      2048,
      9998,
      undefined,
      undefined,
    ]);
  });

  it('leaves older lists as they were', () => {
    let list = new PersistentList<string>();
    for (let i = 0; i < 70; i++) list = list.push(`a${i}`);
    const changed = list.set(3, 'b').push('c');
    expect(list.at(3)).toBe('a3');
    expect(list.length).toBe(70);
    expect([changed.at(3), changed.at(70), changed.at(69)]).toEqual(['b', 'c', 'a69']);
  });

  it('gives the newest first', () => {
    const list = new PersistentList<number>().push(1).push(2).push(3);
    expect([...list.newestFirst()]).toEqual([3, 2, 1]);
  });

  it('refuses a place that is not there', () => {
    expect(() => new PersistentList<number>().set(0, 1)).toThrow(RangeError);
  });
});

describe('a persistent map', () => {
  it('finds every key among thousands, and only those', () => {
    let map = new PersistentMap<number>();
    for (let i = 0; i < 5000; i++) map = map.set(`s${i}`, i);
    expect(map.size).toBe(5000);
    for (let i = 0; i < 5000; i++) expect(map.get(`s${i}`)).toBe(i);
    expect(map.get('s5000')).toBeUndefined();
    expect(map.get('__proto__')).toBeUndefined();
  });

  it('changes a value without touching the older map', () => {
    const one = new PersistentMap<number>().set('a', 1);
    const two = one.set('a', 2);
    expect([one.get('a'), two.get('a'), two.size]).toEqual([1, 2, 1]);
  });
});
