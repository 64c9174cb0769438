import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a program of the tests' own; throws with what it said when it fails. */
export function must(command: string, args: string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  if (result.error || result.status !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
  }
  return result.stdout;
}

/**
 * Makes an image of three layers with umoci (a busybox, a changed file, a deleted file) and copies it to a registry
 * with skopeo: none of it is our own code. Returns the reference to run.
 */
export function pushUmociImage(folder: string, registry: string): string {
  const layout = join(folder, 'layout');
  const bundle = join(folder, 'bundle');
  const root = join(bundle, 'rootfs');
  must('umoci', ['init', '--layout', layout]);
  must('umoci', ['new', '--image', `${layout}:many`]);
  const layer = (change: () => void) => {
    must('umoci', ['unpack', '--image', `${layout}:many`, bundle]);
    change();
    must('umoci', ['repack', '--image', `${layout}:many`, bundle]);
    rmSync(bundle, { recursive: true });
  };
  layer(() => {
    mkdirSync(join(root, 'bin'), { recursive: true });
    copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
    for (const name of ['sh', 'echo', 'cat', 'ls', 'true', 'sleep'])
      symlinkSync('busybox', join(root, 'bin', name));
    writeFileSync(join(root, 'changed'), 'first\n');
    writeFileSync(join(root, 'deleted'), 'here\n');
  });
  layer(() => writeFileSync(join(root, 'changed'), 'second\n'));
  layer(() => rmSync(join(root, 'deleted')));
  must('umoci', ['config', '--image', `${layout}:many`, '--config.cmd', '/bin/sh']);
  const reference = `${registry}/house/many:1`;
  must('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci:${layout}:many`, `docker://${reference}`]);
  return reference;
}
