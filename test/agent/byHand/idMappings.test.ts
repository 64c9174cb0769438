import { describe, expect, it } from 'vitest';
import { grantedRange, mappingsFor } from '../../../apps/agent/src/via/embedded/idMappings.ts';
import { mappingSteps } from '../../../apps/agent/src/via/embedded/userNamespace.ts';

const ada = {
  uid: 1001,
  gid: 1002,
  name: 'ada',
  subuid: 'eve:100000:65536\nada:165536:65536\n',
  subgid: '1001:200000:1000\n',
  newidmap: true,
};

describe('the ids of a user namespace', () => {
  it('are one’s own as root, and the granted ranges from 1 on', () =>
    expect(mappingsFor(ada)).toEqual({
      uid: [
        { containerID: 0, hostID: 1001, size: 1 },
        { containerID: 1, hostID: 165536, size: 65536 },
      ],
      gid: [
        { containerID: 0, hostID: 1002, size: 1 },
        { containerID: 1, hostID: 200000, size: 1000 },
      ],
      setgroups: true,
    }));

  it.each([
    ['without newuidmap', { newidmap: false }],
    ['without a range of users', { subuid: '' }],
    ['without a range of groups', { subgid: 'eve:1:1' }],
  ])('are one’s own alone %s', (_, change) =>
    expect(mappingsFor({ ...ada, ...change })).toEqual({
      uid: [{ containerID: 0, hostID: 1001, size: 1 }],
      gid: [{ containerID: 0, hostID: 1002, size: 1 }],
      setgroups: false,
    }),
  );

  it('are not taken from a broken line', () => {
    expect(grantedRange('ada:x:1\nada:5:0\nada:7:9', ada)).toEqual({ from: 7, size: 9 });
    expect(grantedRange('adam:7:9', ada)).toBeUndefined();
  });

  it('are written by newuidmap and newgidmap, or by hand with groups denied first', () => {
    expect(mappingSteps(mappingsFor(ada), 42).map((step) => step.words)).toEqual([
      ['newuidmap', '42', '0', '1001', '1', '1', '165536', '65536'],
      ['newgidmap', '42', '0', '1002', '1', '1', '200000', '1000'],
    ]);
    const [only] = mappingSteps(mappingsFor({ ...ada, newidmap: false }), 42);
    expect(only?.shell?.((word) => word).split('\n')).toEqual([
      'echo deny > /proc/42/setgroups &&',
      `echo '0 1001 1' > /proc/42/uid_map &&`,
      `echo '0 1002 1' > /proc/42/gid_map`,
    ]);
  });
});
