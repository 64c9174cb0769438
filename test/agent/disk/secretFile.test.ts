import { closeSync, openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContent } from '../../../apps/agent/src/disk/content.ts';
import { secretPath } from '../../../apps/agent/src/disk/secretFile.ts';
import { type LayerOnDisk, layerOnDisk } from '../../fakes/layerOnDisk.ts';

let made: LayerOnDisk;
let root: number;
beforeAll(() => {
  made = layerOnDisk();
  root = openSync(made.layer, 'r');
});
afterAll(() => {
  closeSync(root);
  made.remove();
});

describe('files that hold passwords or keys', () => {
  it.each([
    ...['/etc/shadow', '/etc/shadow-', '/etc/gshadow', '/srv/a/.ssh/id_ed25519', '/srv/a/.ssh/config'],
    ...[
      '/etc/ssh/ssh_host_rsa_key',
      '/etc/ssl/private/site.pem',
      '/run/secrets/db',
      '/var/run/secrets/x/token',
    ],
    ...[
      '/srv/b/.aws/credentials',
      '/srv/a/.docker/config.json',
      '/app/.env',
      '/app/.env.production',
      '/x/tls.key',
    ],
    ...[
      '/srv/a/.netrc',
      '/srv/a/.bash_history',
      '/srv/a/.git-credentials',
      '/app/store.p12',
      '/srv/a/.kube/config',
    ],
  ])('are known by their path: %s', (path) => {
    expect(secretPath(path)).toBeTypeOf('string');
  });

  it.each([
    ...['/etc/passwd', '/etc/motd', '/srv/a/.ssh/id_ed25519.pub', '/etc/ssl/certs/ca.pem', '/etc/hosts'],
    ...['/usr/bin/shadowconfig', '/app/environment.ts', '/app/keyboard', '/etc/ssh/sshd_config'],
  ])('are not mistaken for others: %s', (path) => {
    expect(secretPath(path)).toBeUndefined();
  });

  const key = `-----BEGIN OPENSSH ${'PRIVATE'} KEY-----\nabc\n`;
  it.each([
    ['a key under another name', key],
    ['a key behind other text', `notes\n${key}`],
    ['a key in the midst of bytes', Buffer.concat([Buffer.from([0, 255, 1]), Buffer.from(key)])],
    ['a copy of the shadow file', 'root:*:19000:0:99999:7:::\nme:$y$j9T$abc$def:19000:0:99999:7:::\n'],
    ['a table of web passwords', 'admin:$apr1$abcdefgh$0123456789abcdefghijkl\n'],
  ])('are known by what they say: %s', (_what, content) => {
    made.put('notes', content);
    expect(() => readContent(root, '/notes')).toThrow(
      expect.objectContaining({ code: 'secret-file', message: expect.stringContaining('is not shown') }),
    );
  });

  it('are refused before they are opened, whether they are there or not', () => {
    expect(() => readContent(root, '/etc/shadow')).toThrow(expect.objectContaining({ code: 'secret-file' }));
  });
});

describe('the first look at a file', () => {
  it('replaces single credentials in a text and says of what kind they were', () => {
    made.put('app.conf', 'url = https://me:hunter2hunter2@host/\nport = 80\n');
    const { text, replaced } = readContent(root, '/app.conf');
    expect(text).toBe('url = https://[redacted]@host/\nport = 80\n');
    expect(replaced).toEqual(['credentials in a url']);
  });

  it('says what a file is that is no text', () => {
    made.put('program', Buffer.from('7f454c46020101000000', 'hex'));
    made.put('bytes', Buffer.from([0xc3, 0x28, 0x41]));
    expect(readContent(root, '/program')).toMatchObject({ binary: 'a program or library (ELF)', bytes: 10 });
    expect(readContent(root, '/bytes')).toMatchObject({ binary: 'no UTF-8 text' });
    expect(readContent(root, '/program')).not.toHaveProperty('text');
  });

  it('shows an empty file as an empty text', () => {
    made.put('empty', '');
    expect(readContent(root, '/empty')).toEqual({
      path: '/empty',
      bytes: 0,
      shown: 0,
      text: '',
      replaced: [],
    });
  });
});
