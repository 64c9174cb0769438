import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  choosePlatform,
  dockerCredentials,
  hostPlatform,
  isLoopback,
  OCI_INDEX,
  OCI_MANIFEST,
  parsePlatform,
  platformText,
} from '@underdock/image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseChallenges } from '../../packages/image/src/registry/challenge.ts';

describe('a WWW-Authenticate header', () => {
  test('may hold quoted commas, escapes and several challenges', () => {
    const header =
      'Bearer realm="https://a/t?x=1,2",service="s \\"q\\"", scope=repository:a:pull, Basic realm="b"';
    expect(parseChallenges(header)).toEqual([
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/t?x=1,2', service: 's "q"', scope: 'repository:a:pull' },
      },
      { scheme: 'basic', parameters: { realm: 'b' } },
    ]);
  });
  test.each(['', ',,,', '"', 'Bearer realm="unclosed', '=x'])(
    'that is broken (%j) ends reading',
    (header) => {
      expect(parseChallenges(header).length).toBeLessThan(3);
    },
  );
});

describe('docker’s config.json', () => {
  let folder: string;
  const auth = Buffer.from('me:pa:ss').toString('base64');
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'underdock-docker-'));
    const auths = {
      'https://index.docker.io/v1/': { auth },
      'ghcr.io': { identitytoken: 'refresh' },
      'https://old.example/v2/': { username: 'u', password: 'p' },
    };
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('gives each registry its own credentials and no other', async () => {
    const credentials = dockerCredentials({ DOCKER_CONFIG: folder });
    expect(await credentials('docker.io')).toEqual({ username: 'me', password: 'pa:ss' });
    expect(await credentials('ghcr.io')).toEqual({ identityToken: 'refresh' });
    expect(await credentials('old.example')).toEqual({ username: 'u', password: 'p' });
    expect(await credentials('evil.example')).toBeUndefined();
  });
  test('that is missing has none, and a broken one is reported without its content', async () => {
    expect(await dockerCredentials({ DOCKER_CONFIG: join(folder, 'none') })('docker.io')).toBeUndefined();
    const broken = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(broken, 'config.json'), `{"auths": {"x": {"auth": "${auth}" `);
    const error = await dockerCredentials({ DOCKER_CONFIG: broken })('x').catch((reason: Error) => reason);
    expect(String((error as Error).message)).toMatch(/is not JSON; mend it/);
    expect(`${(error as Error).message}${(error as Error).cause}`).not.toContain(auth);
  });
});

describe('a platform', () => {
  const entry = (
    os: string,
    architecture: string,
    variant?: string,
    annotations?: Record<string, string>,
  ) => ({
    mediaType: OCI_MANIFEST,
    digest: `${os}/${architecture}/${variant ?? ''}`,
    size: 1,
    platform: { os, architecture, ...(variant ? { variant } : {}) },
    ...(annotations ? { annotations } : {}),
  });
  const index = {
    mediaType: OCI_INDEX,
    manifests: [
      entry('unknown', 'unknown', undefined, { 'vnd.docker.reference.type': 'attestation-manifest' }),
      entry('windows', 'amd64'),
      entry('linux', 'arm', 'v5'),
      entry('linux', 'arm', 'v6'),
      entry('linux', 'arm', 'v7'),
      entry('linux', 'amd64'),
      entry('linux', 'arm64', 'v8'),
    ],
  };
  test.each([
    ['linux/amd64', 'linux/amd64/'],
    ['arm64', 'linux/arm64/v8'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/arm/v8', 'linux/arm/v7'],
  ])('%s gets %s', (wanted, chosen) => {
    expect(choosePlatform(index, parsePlatform(wanted)).digest).toBe(chosen);
  });
  test('that an image lacks is named with those that it has', () => {
    expect(() => choosePlatform(index, parsePlatform('linux/s390x'))).toThrow(
      /linux\/s390x, only for windows\/amd64, linux\/arm\/v5/,
    );
  });
  test('of this host is one of Linux', () => expect(platformText(hostPlatform())).toMatch(/^linux\//));
});

test.each([
  ['127.0.0.1:5000', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['[::1]:80', true],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['10.0.0.1', false],
])('%s is loopback: %s', (host, expected) => expect(isLoopback(host)).toBe(expected));
