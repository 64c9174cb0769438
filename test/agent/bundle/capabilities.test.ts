import { describe, expect, it } from 'vitest';
import {
  CAPABILITIES,
  capabilitiesOfMask,
  DEFAULT_CAPABILITIES,
  mergeCapabilities,
} from '../../../apps/agent/src/via/embedded/bundle/capabilities.ts';

describe('the capabilities of a container', () => {
  it('are docker’s fourteen when no flag says otherwise', () => {
    expect(mergeCapabilities([], []).toSorted()).toEqual([...DEFAULT_CAPABILITIES].toSorted());
    expect(DEFAULT_CAPABILITIES).toHaveLength(14);
  });

  it('gain what is added, written with or without CAP_ and in any case', () => {
    for (const name of ['SYS_TIME', 'sys_time', 'CAP_SYS_TIME', 'cap_Sys_Time']) {
      expect(mergeCapabilities([name], [])).toContain('CAP_SYS_TIME');
    }
  });

  it('lose what is dropped', () => expect(mergeCapabilities([], ['chown'])).not.toContain('CAP_CHOWN'));

  it('are none when ALL are dropped', () => expect(mergeCapabilities([], ['ALL'])).toEqual([]));

  it('are only the added ones when ALL are dropped', () =>
    expect(mergeCapabilities(['NET_RAW', 'chown'], ['all'])).toEqual(['CAP_CHOWN', 'CAP_NET_RAW']));

  it('are all but the dropped ones when ALL are added', () => {
    const left = mergeCapabilities(['ALL'], ['SYS_ADMIN']);
    expect(left).toHaveLength(CAPABILITIES.length - 1);
    expect(left).not.toContain('CAP_SYS_ADMIN');
  });

  it('occur once and in the order of their numbers', () =>
    expect(mergeCapabilities(['KILL', 'CHOWN', 'chown'], ['ALL'])).toEqual(['CAP_CHOWN', 'CAP_KILL']));

  it.each(['SYS_TYME', 'CAP_', '', 'root'])('refuse %j and list the valid names', (name) => {
    const refused = () => mergeCapabilities([name], []);
    expect(refused).toThrow(`--cap-add ${JSON.stringify(name)} is not a capability`);
    expect(refused).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('ALL or one of CHOWN') }),
    );
    expect(() => mergeCapabilities([], [name])).toThrow('--cap-drop');
  });

  it('are read from the mask of /proc/PID/status', () => {
    expect(capabilitiesOfMask('0000000000000021')).toEqual(['CAP_CHOWN', 'CAP_KILL']);
    expect(capabilitiesOfMask('00000000a80425fb').toSorted()).toEqual([...DEFAULT_CAPABILITIES].toSorted());
    expect(capabilitiesOfMask('000001fffeffffff')).not.toContain('CAP_SYS_RESOURCE');
  });
});
