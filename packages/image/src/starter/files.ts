import type { LayerItem } from './layerTar.ts';
import type { StarterTools } from './tools.ts';

const file = (path: string, content: string, mode = 0o644): LayerItem => ({
  type: 'file',
  path,
  content,
  mode,
});

/** The folders and small files of the lowest layer. */
export function baseFiles(tools: StarterTools): LayerItem[] {
  const folders = [
    'dev',
    'proc',
    'sys',
    'run',
    'srv',
    'var',
    'var/log',
    'home',
    'usr/bin',
    'etc',
    'root',
    'tmp',
  ];
  return [
    ...folders.map((path): LayerItem => {
      const mode = path === 'tmp' ? 0o1777 : path === 'root' ? 0o700 : 0o755;
      return { type: 'directory', path, mode };
    }),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n'),
    file('etc/group', 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n'),
    file(
      'etc/os-release',
      'NAME="underdock starter"\nID=underdock-starter\nPRETTY_NAME="underdock starter image"\nVERSION_ID=1\n',
    ),
    file('etc/motd', 'This text is in the lowest layer, and the next one changes it.\n'),
    file(
      'etc/build-notes',
      `Made from ${tools.from}. The last layer deletes this file: it stays in its layer, yet no container sees it.\n`,
    ),
  ];
}

/** The same path as in the layer below, with another content. */
export function messageOfTheDay(): LayerItem {
  return file(
    'etc/motd',
    'Welcome. You see the upper of two files of this name; the lower layer still has its own.\n',
  );
}

/** A program that lives until it is stopped, made of the shell alone (and sleep). `folder`: where programs are. */
export function heartbeat(folder: string): LayerItem {
  const text = `#!/bin/sh
# Prints a line each second until it is stopped.
trap 'echo "heartbeat: stopped after $beats beats"; exit 0' TERM INT
beats=0
while :; do
  beats=$((beats + 1))
  echo "heartbeat $beats from $(hostname 2>/dev/null || cat /proc/sys/kernel/hostname), pid $$"
  sleep "\${1:-1}" & wait $!
done
`;
  return file(`${folder}/heartbeat`, text, 0o755);
}

export function webPage(): LayerItem {
  return file(
    'srv/www/index.html',
    '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>starter</title>\n<h1>Hello from inside a container</h1>\n',
  );
}

/** A small web server in the foreground. */
export function serverScript(folder: string): LayerItem {
  const text = `#!/bin/sh
# Serves /srv/www on the port given, 8080 by default.
echo "webserver on port \${1:-8080}"
exec busybox httpd -f -v -p "\${1:-8080}" -h /srv/www
`;
  return file(`${folder}/webserver`, text, 0o755);
}
