import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createFace } from '../../../apps/agent/src/server/face.ts';

describe('an agent on loopback', () => {
  const face = createFace({ host: '127.0.0.1' });

  test.each([
    '127.0.0.1:7070',
    'localhost:7070',
    'localhost',
    '[::1]:7070',
    'LOCALHOST:9',
    'a.localhost:7070',
  ])('answers to the host %s', (host) => expect(face.hostAllowed(host)).toBe(true));

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:7070',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.168.1.5:7070',
    'localhost:7070@evil.example',
    'localhost/x',
    'a b',
    hostname().length > 0 ? `${hostname()}x` : 'x',
  ])('does not answer to the host %s', (host) => expect(face.hostAllowed(host)).toBe(false));

  test('takes requests of its own page and of programs that send no Origin', () => {
    expect(face.originAllowed('http://localhost:7070', 'localhost:7070')).toBe(true);
    expect(face.originAllowed('http://localhost:8080', 'localhost:8080')).toBe(true);
    expect(face.originAllowed(undefined, 'localhost:7070')).toBe(true);
  });

  test.each([
    'http://localhost:3000',
    'http://evil.example',
    'https://evil.example:7070',
    'null',
    '',
    'file://',
    'http://localhost:7070.evil.example',
    'http://localhost:7070/path',
    'chrome-extension://abc',
  ])('refuses the origin %s', (origin) => expect(face.originAllowed(origin, 'localhost:7070')).toBe(false));
});

test('an agent that listens everywhere answers to addresses and to this machine’s name, not to other names', () => {
  const face = createFace({ host: '0.0.0.0' });
  expect(face.hostAllowed('192.168.1.5:7070')).toBe(true);
  expect(face.hostAllowed('[fe80::1]:7070')).toBe(true);
  expect(face.hostAllowed(hostname())).toBe(true);
  expect(face.originAllowed('http://192.168.1.5:7070', '192.168.1.5:7070')).toBe(true);
  expect(face.hostAllowed('evil.example')).toBe(false);
});

describe('behind a public url', () => {
  const face = createFace({
    host: '127.0.0.1',
    publicUrl: 'https://lab.example:8443/u/42',
    allowHosts: ['*.lab.dev', 'x.io:9'],
  });

  test('the public origin and the allowed names are ours', () => {
    expect(face.hostAllowed('lab.example')).toBe(true);
    expect(face.hostAllowed('lab.example:8443')).toBe(true);
    expect(face.originAllowed('https://lab.example:8443', '127.0.0.1:7070')).toBe(true);
    expect(face.originAllowed('https://7070-abc.lab.dev', '127.0.0.1:7070')).toBe(true);
    expect(face.originAllowed('http://x.io:9', 'x.io:9')).toBe(true);
  });

  test('other schemes, ports and names of that host are not', () => {
    expect(face.originAllowed('http://lab.example:8443', 'lab.example:8443')).toBe(false);
    expect(face.originAllowed('https://lab.example', 'lab.example')).toBe(false);
    expect(face.originAllowed('https://lab.dev.evil.example', 'lab.example')).toBe(false);
    expect(face.originAllowed('http://x.io:10', 'x.io:10')).toBe(false);
    expect(face.hostAllowed('lab.dev')).toBe(false);
  });

  test('the prefix is taken off whether the proxy has kept it or not', () => {
    expect(face.basePath).toBe('/u/42/');
    expect(face.stripPrefix('/u/42/api/health')).toBe('/api/health');
    expect(face.stripPrefix('/api/health')).toBe('/api/health');
    expect(face.stripPrefix('/u/421/x')).toBe('/u/421/x');
  });

  test('frames of the public origin and the allowed names may hold the page', () => {
    expect(face.frameAncestors).toEqual(['https://lab.example:8443', '*.lab.dev', 'x.io:9']);
  });
});

test.each(['lab.example/u', 'ftp://x/', 'https://x/?a=1', 'https://u:p@x/'])(
  'the public url %s is refused with an example',
  (publicUrl) => expect(() => createFace({ host: '127.0.0.1', publicUrl })).toThrow(/--public-url/),
);

test.each(['a b', 'x;y', 'http://x', '*', 'a.*.b', ''])('the allowed host %s is refused', (name) =>
  expect(() => createFace({ host: '127.0.0.1', allowHosts: [name] })).toThrow(/--allow-host/),
);
