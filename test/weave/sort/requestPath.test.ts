import { describe, expect, it } from 'vitest';
import { containerOf, readsOnly, toldQuery } from '../../../packages/weave/src/sort/requestPath.ts';

describe('a request to an engine', () => {
  it.each([
    ['/v1.41/containers/abc/start', undefined, { container: 'abc' }],
    ['/containers/a%20b/stop', undefined, { container: 'a b' }],
    ['/containers/%zz/stop', undefined, { container: '%zz' }],
    ['/containers/create', 'name=web', { container: 'web' }],
    ['/containers/create', undefined, {}],
    ['/containers/json', 'all=1', {}],
    ['/v1.47/exec/e1/start', undefined, { execId: 'e1' }],
    ['/images/create', 'fromImage=x', {}],
  ])('%s?%s is about %o', (path, query, expected) => {
    expect(containerOf(path, query)).toEqual(expected);
  });

  it('only asks with GET and HEAD', () => {
    expect(['GET', 'HEAD', 'POST', 'DELETE', undefined].map(readsOnly)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('is told without the values of parameters that may carry secrets', () => {
    expect(toldQuery('t=me%2Fapp&buildargs=%7B%22TOKEN%22%3A%22secret%22%7D&rm=1')).toBe(
      't=me%2Fapp&buildargs=…&rm=1',
    );
    expect(toldQuery('name=web')).toBe('name=web');
    expect(toldQuery('')).toBeUndefined();
  });
});
