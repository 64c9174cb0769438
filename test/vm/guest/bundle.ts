import { execFileSync } from 'node:child_process';
import { chownSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ASKED, type Scenario } from '../report.ts';
import { type Place, USER } from './places.ts';

/** Makes an OCI bundle without underdock: busybox, and the config.json that the runtime itself proposes plus the limits. */
export function plainBundle(folder: string, scenario: Scenario, place: Place, script: string): void {
  const bin = join(folder, 'rootfs', 'bin');
  mkdirSync(bin, { recursive: true });
  copyFileSync('/bin/busybox', join(bin, 'busybox'));
  symlinkSync('busybox', join(bin, 'sh'));
  const rootless = scenario.who === 'root' ? [] : ['--rootless'];
  execFileSync(scenario.runtime, ['spec', ...rootless], { cwd: folder });
  const path = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process.terminal = false;
  config.process.args = ['/bin/sh', '-c', script];
  config.linux.cgroupsPath = join(place.subtree ?? place.own, 'plain');
  config.linux.resources = { ...config.linux.resources, ...ASKED.oci };
  if (scenario.who !== 'root') {
    // `runc spec --rootless` maps whoever calls it; here root calls it for the user.
    config.linux.uidMappings = [{ containerID: 0, hostID: USER.uid, size: 1 }];
    config.linux.gidMappings = [{ containerID: 0, hostID: USER.gid, size: 1 }];
    for (const each of [folder, join(folder, 'rootfs')]) chownSync(each, USER.uid, USER.gid);
  }
  writeFileSync(path, JSON.stringify(config));
}
