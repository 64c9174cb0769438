import { describe, expect, it } from 'vitest';
import { typedRun } from '../../../packages/chain/src/provenance/dockerFlags.ts';

const typed = (line: string) => typedRun(line.split(' '));

describe('a typed docker run', () => {
  it('is taken apart into options, image, command and flags of docker’s own', () => {
    expect(typed('docker run -m 64m --init --restart=always -e A=1 -e B busybox sh -c x')).toEqual({
      options: { memory: '64m', env: ['A=1', 'B'] },
      image: 'busybox',
      command: ['sh', '-c', 'x'],
      others: [
        { flag: '--init', value: true },
        { flag: '--restart', value: 'always' },
      ],
    });
  });

  it('has switches in bundles of letters, the last with a value behind it or in the next word', () => {
    const options = { interactive: true, tty: true, memory: '64m' };
    expect(typed('docker run -itm64m img')).toMatchObject({ options, image: 'img' });
    expect(typed('docker run -itm 64m img')).toMatchObject({ options, image: 'img' });
    expect(typed('docker run -it img')).toMatchObject({ options: { interactive: true, tty: true } });
    expect(typed('docker run --rm=false --privileged=true img')).toMatchObject({
      options: {},
      others: [{ flag: '--privileged', value: true }],
    });
  });

  it('ends at the image, and takes what follows two hyphens for it', () => {
    expect(typed('docker run img -m 64m')).toMatchObject({ options: {}, command: ['-m', '64m'] });
    expect(typed('docker run -- img run')).toMatchObject({ image: 'img', command: ['run'] });
    expect(typed('docker start img')).toBeUndefined();
  });
});
