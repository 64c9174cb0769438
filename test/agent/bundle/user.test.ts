import { describe, expect, it } from 'vitest';
import { parseGroup, parsePasswd, resolveUser } from '../../../apps/agent/src/via/embedded/bundle/user.ts';

const passwd = `root:x:0:0:root:/root:/bin/sh
# a comment
broken:x:one:two
web:x:33:33:www:/var/www:/bin/false
1000:x:7:7:a name of digits:/seven:/bin/sh
ada:x:1001:100::/home/ada:/bin/sh
bare:x:5:5:::
`;
const group = `root:x:0:
users:x:100:
www:x:33:ada
audio:x:29:web,ada
broken:x:x:
`;
const resolve = (wanted?: string) => resolveUser(wanted, passwd, group);

describe('the user of a container', () => {
  it('is root when nobody is named, with root’s own home', () =>
    expect(resolve()).toEqual({ uid: 0, gid: 0, additionalGids: [0], home: '/root' }));

  it('is root with home / where the image has no passwd file', () =>
    expect(resolveUser(undefined, undefined, undefined)).toEqual({
      uid: 0,
      gid: 0,
      additionalGids: [0],
      home: '/',
    }));

  it('is found by name, with its group, every group that lists it, and its home', () =>
    expect(resolve('ada')).toEqual({
      uid: 1001,
      gid: 100,
      additionalGids: [100, 33, 29],
      home: '/home/ada',
    }));

  it('is found by number too', () => expect(resolve('1001')).toEqual(resolve('ada')));

  it('is a name before it is a number', () => expect(resolve('1000').uid).toBe(7));

  it('may be a number without an entry: group 0 and home /', () =>
    expect(resolve('4242')).toEqual({ uid: 4242, gid: 0, additionalGids: [0], home: '/' }));

  it('with a group has that group alone', () =>
    expect(resolve('ada:www')).toEqual({ uid: 1001, gid: 33, additionalGids: [33], home: '/home/ada' }));

  it('may have a group by number, known or not', () => {
    expect(resolve('ada:29').gid).toBe(29);
    expect(resolve('ada:555').gid).toBe(555);
  });

  it('with an empty group is as without one', () => expect(resolve('ada:')).toEqual(resolve('ada')));

  it('with a group alone is root in that group', () =>
    expect(resolve(':www')).toEqual({ uid: 0, gid: 33, additionalGids: [33], home: '/root' }));

  it('has home / where the entry has none', () => expect(resolve('bare').home).toBe('/'));

  it.each([
    ['nobody', 'there is no user "nobody" in the image'],
    ['ada:nogroup', 'there is no group "nogroup" in the image'],
    ['-1', 'there is no user "-1"'],
    ['2147483648', 'user id 2147483648 is above 2147483647'],
    ['0:4294967295', 'group id 4294967295 is above'],
  ])('%s is refused', (wanted, message) => expect(() => resolve(wanted)).toThrow(message));

  it('is looked for in whole lines only', () => {
    expect(parsePasswd(passwd).map((entry) => entry.name)).toEqual(['root', 'web', '1000', 'ada', 'bare']);
    expect(parseGroup(group).map((entry) => entry.name)).toEqual(['root', 'users', 'www', 'audio']);
  });
});
