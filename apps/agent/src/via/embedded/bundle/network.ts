import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedError } from '../error.ts';
import type { OciMount } from './ociConfig.ts';

/** A file that has to be written into the bundle before the container is made. */
export interface BundleFile {
  path: string;
  text: string;
}

/** `none` (its own, empty network namespace) or `host`; anything else is EmbeddedError. Absent = none. */
export function parseNetwork(text: string | undefined): 'none' | 'host' {
  if (text === undefined || text === 'none') return 'none';
  if (text === 'host') return 'host';
  throw new EmbeddedError(
    'bad-network',
    `--network ${JSON.stringify(text)} is not known to the embedded engine`,
    {
      remedy:
        'use --network none (the default) or --network host, or take --via docker for bridges and networks',
    },
  );
}

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'ff00::0\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

const hostText = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** /etc/hosts, /etc/hostname and /etc/resolv.conf for a container, to be written below `bundle`, with the mounts that show them. */
export async function networkFiles(
  bundle: string,
  hostname: string,
  network: 'none' | 'host',
  readOnly: boolean,
): Promise<{ files: BundleFile[]; mounts: OciMount[] }> {
  const loopback = `${LOOPBACK.join('\n')}\n127.0.1.1\t${hostname}\n`;
  const texts = {
    hosts: network === 'host' ? (await hostText('/etc/hosts')) || loopback : loopback,
    hostname: `${hostname}\n`,
    'resolv.conf':
      network === 'host' ? await hostText('/etc/resolv.conf') : '# no network, so no name server\n',
  };
  const files = Object.entries(texts).map(([name, text]) => ({ path: path.join(bundle, 'etc', name), text }));
  const mounts = files.map((file) => ({
    destination: `/etc/${path.basename(file.path)}`,
    type: 'bind',
    source: file.path,
    options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'],
  }));
  return { files, mounts };
}
