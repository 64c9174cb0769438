import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunRequestInput } from '@underdock/trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openByHand } from '../../../apps/agent/src/via/embedded/lowLevel/byHand.ts';
import { HIDE_V2 } from '../hideV2.ts';
import { Ground, leftovers } from './ground.ts';

type Request = Omit<RunRequestInput, 'image'>;
type Run = (ground: Ground, request: Request) => Promise<string>;

/** Output goes to a file: /dev/stdout can't be opened where it is a socket. */
function byCli(ground: Ground, argv: string[]): string {
  const [file = '', ...args] = argv;
  const out = openSync(path.join(ground.folder, 'stdout'), 'w');
  try {
    execFileSync(file, args, { stdio: ['ignore', out, 'inherit'] });
  } finally {
    closeSync(out);
  }
  return ground.read('stdout');
}

const RUNTIMES: Record<string, Run> = {
  runc: async (ground, request) => {
    await ground.build(request);
    return byCli(ground, ['runc', '--root', `${ground.folder}/runc`, 'run', '-b', ground.bundle, ground.id]);
  },
  crun: async (ground, request) => {
    await ground.build(request);
    const crun = ['crun', '--root', `${ground.folder}/crun`, 'run', '-b', ground.bundle, ground.id];
    return byCli(ground, ['unshare', '-m', 'sh', '-c', HIDE_V2, 'sh', ...crun]);
  },
  'by-hand': async (ground, request) => {
    const runtime = await openByHand({ root: path.join(ground.folder, 'state') });
    const { stdout, stderr } = await ground.run(runtime, await ground.build(request, { seccomp: false }));
    expect(stderr).toBe('');
    return stdout;
  },
};

describe.each(Object.entries(RUNTIMES))('inside a container of %s', (name, run) => {
  let ground: Ground;
  beforeEach(() => {
    ground = new Ground();
  });
  afterEach(() => {
    expect(leftovers(ground)).toEqual([]);
    ground.close();
  });
  const say = (script: string, request: Request = {}) =>
    run(ground, { command: ['sh', '-c', script], ...request });
  const lines = async (script: string, request?: Request) =>
    (await say(script, request)).trimEnd().split('\n');

  it('the process has docker’s capabilities, no new privileges and, but by hand, a filter', async () => {
    const status = await say('cat /proc/self/status; unshare -m true 2>&1; mount -t tmpfs x /tmp 2>&1; true');
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) expect(status).toMatch(`${set}:\t00000000a80425fb`);
    for (const set of ['CapInh', 'CapAmb']) expect(status).toMatch(`${set}:\t0000000000000000`);
    expect(status).toContain('NoNewPrivs:\t1');
    expect(status).toContain(`Seccomp:\t${name === 'by-hand' ? 0 : 2}`);
    expect(status).toContain('unshare(0x20000): Operation not permitted');
    expect(status).toMatch(/mount: .*(permission denied|not permitted)/);
  });

  it('capabilities are added and dropped', async () => {
    const flags = { capDrop: ['ALL'], capAdd: ['KILL', 'cap_chown'] };
    expect(await lines('grep CapEff /proc/self/status', flags)).toEqual(['CapEff:\t0000000000000021']);
  });

  it('another user has groups, home and no capabilities', async () => {
    writeFileSync(path.join(ground.rootfs, 'etc/passwd'), 'ada:x:1001:100::/home/ada:/bin/sh\n');
    writeFileSync(path.join(ground.rootfs, 'etc/group'), 'users:x:100:\naudio:x:29:ada\n');
    const said = await lines('id; echo $HOME; grep CapEff /proc/self/status; pwd', {
      user: 'ada',
      workdir: '/tmp/made',
    });
    expect(said[0]).toMatch(/^uid=1001(\(ada\))? gid=100(\(users\))? groups=(29|100)/);
    expect(said[0]).toMatch(/29.*100|100.*29/);
    expect(said.slice(1)).toEqual(['/home/ada', 'CapEff:\t0000000000000000', '/tmp/made']);
  });

  it('the environment is the configuration’s and nothing of the host’s', async () => {
    const env = { env: [`A=it's $HOME`, 'B='], command: ['busybox', 'env'], hostname: 'box' };
    const said = (await run(ground, env)).trimEnd().split('\n').toSorted();
    expect(said).toEqual([`A=it's $HOME`, 'B=', 'HOME=/', 'HOSTNAME=box', expect.stringMatching(/^PATH=/)]);
  });

  it('only its own processes, streams, name and loopback device are there', async () => {
    const script =
      'echo $$; hostname; ls /proc/self/fd | tr "\\n" " "; echo; ip -o link | wc -l; ip link show lo | grep -c UP';
    expect(await lines(script, { hostname: 'box' })).toEqual(['1', 'box', '0 1 2 3 ', '1', '1']);
  });

  it('limits stand in the cgroup’s files, seen as the cgroup’s root', async () => {
    const script = `grep -E ':(memory|pids):' /proc/self/cgroup | cut -d: -f3; cd /sys/fs/cgroup;
      cat memory/memory.limit_in_bytes pids/pids.max cpu/cpu.cfs_quota_us; touch memory/x 2>/dev/null || echo read-only`;
    const said = await lines(script, { memory: '64m', pidsLimit: 20, cpus: 0.5 });
    expect(said).toEqual(['/', '/', '67108864', '20', '50000', 'read-only']);
  });

  it('what tells about the host is hidden, and the kernel’s switches can’t be turned', async () => {
    const script = `ls /sys/firmware | wc -l; cat /proc/timer_list /proc/keys | wc -c; ls /proc/acpi 2>/dev/null | wc -l;
      echo 1 2>/dev/null > /proc/sys/kernel/sysrq || echo no; touch /sys/x 2>/dev/null || echo no`;
    expect(await lines(script)).toEqual(['0', '0', '0', 'no', 'no']);
  });

  it('devices are the harmless ones', async () => {
    const said = await say(
      `ls /dev | tr '\\n' ' '; echo x > /dev/null; head -c 3 /dev/zero | wc -c; echo err >>/dev/stdout`,
    );
    for (const device of [
      'fd',
      'full',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stdin',
      'tty',
      'urandom',
      'zero',
    ]) {
      expect(said).toContain(`${device} `);
    }
    expect(said).toContain('3\nerr\n');
  });

  it('a block device can be named but not opened', async () => {
    const script = 'busybox mknod /tmp/disk b 254 0 && cat /tmp/disk 2>&1 | head -c 200';
    expect(await say(script)).toMatch(/not permitted/);
  });

  it('a read-only root can’t be written, the mounts in it can', async () => {
    const script = 'touch /x 2>/dev/null || echo no; touch /dev/shm/x && echo yes';
    expect(await lines(script, { readOnly: true })).toEqual(['no', 'yes']);
  });

  it('bind and tmpfs mounts are where they were asked for', async () => {
    mkdirSync(path.join(ground.folder, 'data'));
    writeFileSync(path.join(ground.folder, 'data/file'), 'of the host\n');
    const request = {
      volume: [`${ground.folder}/data:/srv/data`, `${ground.folder}/data/file:/one:ro`],
      mount: ['type=tmpfs,target=/scratch,tmpfs-size=1m,tmpfs-mode=0700'],
    };
    const script = `cat /srv/data/file /one; echo new > /srv/data/file2; echo x 2>/dev/null > /one || echo ro; stat -c %a /scratch;
      grep ' /scratch ' /proc/mounts | grep -o 'size=1024k'`;
    expect(await lines(script, request)).toEqual(['of the host', 'of the host', 'ro', '700', 'size=1024k']);
    expect(readFileSync(path.join(ground.folder, 'data/file2'), 'utf8')).toBe('new\n');
  });

  it('names are resolved from files of its own', async () => {
    expect(
      await lines('cat /etc/hostname; grep -c box /etc/hosts; cat /etc/resolv.conf', { hostname: 'box' }),
    ).toEqual(['box', '1', '# no network, so no name server']);
  });

  it('with the host’s network there is the host’s loopback device and no other namespace', async () => {
    const host = execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).trim();
    expect(await lines('readlink /proc/self/ns/net', { network: 'host' })).toEqual([host]);
  });
});
