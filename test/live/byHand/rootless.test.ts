import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdMappings } from '../../../apps/agent/src/via/embedded/idMappings.ts';

const NAME = 'underdocktest';
const WAYS = ['runc', 'runc-alone', 'by-hand', 'by-hand-alone'];

interface Said {
  stdout: string;
  script?: string;
  absent: { what: string; why: string }[];
  mappings: IdMappings;
  overlay: boolean;
}

let home: string;
let node: string;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'underdock-ordinary-'));
  chmodSync(home, 0o777);
  node = path.join(home, 'node');
  cpSync(process.execPath, node);
  execFileSync('useradd', ['--no-create-home', '--home-dir', home, NAME]);
});
afterAll(() => {
  execFileSync('userdel', [NAME]);
  rmSync(home, { recursive: true });
  expect(readFileSync('/etc/subuid', 'utf8')).not.toContain(NAME);
});

const HOUSE = path.resolve(import.meta.dirname, '../../..');

/** A clone may lie where only root can look (mktemp's folders): its parts are shown elsewhere, in a mount namespace that ends with the run. */
const SHOW = `for name in apps packages test node_modules; do
  mkdir -p "$SHOWN/$name" && mount --bind "$HOUSE/$name" "$SHOWN/$name" || exit
done
exec setpriv "$@"`;

function asOrdinary(who: string, way: string, user: string, script: string): Said {
  const words = ['--reuid', who, '--regid', who === NAME ? NAME : '65534', '--clear-groups'];
  const shown = path.join(home, 'house');
  const env = { HOME: home, TMPDIR: home, PATH: '/usr/bin:/bin', XDG_RUNTIME_DIR: home, SHOWN: shown, HOUSE };
  const file = path.join(shown, path.relative(HOUSE, import.meta.dirname), 'ordinary.ts');
  const argv = ['-m', 'sh', '-c', SHOW, 'sh', ...words, node, file, way, user, 'sh', '-c', script];
  return JSON.parse(execFileSync('unshare', argv, { encoding: 'utf8', env })) as Said;
}

const SCRIPT = `id -u; cut -c1-40 /proc/self/uid_map | tr -s ' '; hostname >/dev/null; grep -E '^(CapEff|NoNewPrivs):' /proc/self/status;
  echo $$; ls /dev | tr '\\n' ' '; echo x >/dev/null && echo; ip link show lo | grep -c UP`;

describe.each(WAYS)('as an ordinary user, a container of %s', (way) => {
  it('is root inside, and nobody but that user outside', () => {
    const said = asOrdinary('65534', way, '', SCRIPT);
    const lines = said.stdout.trimEnd().split('\n');
    expect(said.mappings).toMatchObject({
      uid: [{ containerID: 0, hostID: 65534, size: 1 }],
      setgroups: false,
    });
    expect(lines.slice(0, 5)).toEqual([
      '0',
      ' 0 65534 1',
      'CapEff:\t00000000a80425fb',
      'NoNewPrivs:\t1',
      '1',
    ]);
    expect(lines[5]).toContain('full mqueue null');
    expect(lines[6]).toBe('1');
    if (way.startsWith('by-hand')) expect(said.script).toBe(said.stdout);
  });

  it('is shown with what is not permitted', () => {
    const { absent } = asOrdinary('65534', way, '', 'true');
    const because = readFileSync('/proc/self/mountinfo', 'utf8').includes('- cgroup ')
      ? 'not permitted: no delegated cgroup'
      : expect.any(String);
    for (const what of ['memory limit', 'cpu limit', 'pids limit'])
      expect(absent).toContainEqual({ what, why: because });
  });

  it('has other users where the account was granted a range of ids', () => {
    const said = asOrdinary(NAME, way, '1000:1000', 'id -u; id -g; grep CapEff /proc/self/status');
    expect(said.mappings.uid[1]).toMatchObject({ containerID: 1, size: 65536 });
    expect(said.stdout).toBe('1000\n1000\nCapEff:\t0000000000000000\n');
    if (way.startsWith('by-hand')) expect(said.script).toBe(said.stdout);
  });
});

describe('the user namespace that is held open', () => {
  it('can mount an overlay, which nobody outside sees', () => {
    const { overlay } = asOrdinary('65534', 'runc', '', 'true');
    const [major = 0, minor = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
    expect(overlay).toBe(major > 5 || (major === 5 && minor >= 11));
    expect(existsSync(path.join(home, 'merged'))).toBe(false);
  });
});
