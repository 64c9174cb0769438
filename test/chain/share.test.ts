import { createTimeline } from '@underdock/chain';
import { type ShareOptions, shareTrace } from '@underdock/chain/share';
import { collectTrace, encodeLine, type TraceEvent, verifyTrace } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';
import { sampleEvent, sampleHeader } from '../trace/sample.ts';

const output = (seq: number, text: string, stream = 'stdout') =>
  sampleEvent(seq, {
    step: 'process/output',
    layer: 'process',
    data: { stream, base64: Buffer.from(text).toString('base64') },
  });

/** A trace whose data are these; what becomes of them when it is shared. */
function share(data: Record<string, unknown>[], options?: ShareOptions) {
  const events = data.map((one, index) => sampleEvent(index + 1, { data: one }));
  const shared = shareTrace(sampleHeader(), events, options);
  return { ...shared, data: shared.events.slice(0, data.length).map((event) => event.data) };
}

const one = (text: string, options?: ShareOptions) => share([{ text }], options).data[0]!.text;
const written = (events: readonly TraceEvent[]) =>
  events
    .filter(({ step }) => step === 'process/output')
    .map(({ data }) => Buffer.from(String(data.base64), 'base64').toString());

test('a name that could be a piece of a digest is a name all the same', () => {
  const known = { users: ['ada'], hosts: ['cafe'] };
  expect(['ada', 'cafe', 'USER=ada'].map((text) => one(text, known))).toEqual([
    'user1',
    'host1',
    'USER=user1',
  ]);
  for (const plain of ['2024', 'a'.repeat(12), `sha256:${'a'.repeat(64)}`])
    expect(one(plain, known)).toBe(plain);
});

describe('a real trace of somebody at some place', async () => {
  const real = await recordedTrace('docker-run');
  const text = [real.header, ...real.events]
    .map(encodeLine)
    .join('')
    .replaceAll('/run/lab', '/home/jane.doe/clients/acme')
    .replaceAll('127.0.0.1:5000/', 'registry.acme-corp.net:5000/');
  const trace = await collectTrace([text]);
  const shared = shareTrace(trace.header, trace.events, { hosts: ['box'], users: ['jane.doe'] });
  const after = [shared.header, ...shared.events].map(encodeLine).join('');

  test('names nobody and no place any more, and says what was replaced and how often', () => {
    expect(after).not.toMatch(/jane|acme-corp/i);
    expect(shared.replaced.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['user name', 'jane.doe', 'user1'],
      ['server name', 'registry.acme-corp.net', 'server1.example'],
    ]);
    const count = (word: string) => text.split(word).length - 1;
    expect(shared.replaced.map((replaced) => replaced.count)).toEqual([
      count('jane.doe'),
      count('registry.acme-corp.net'),
    ]);
  });

  test('is as whole as before, and tells the same story', async () => {
    expect(await verifyTrace([after])).toMatchObject({ state: 'whole', faults: [] });
    const steps = ({ header, events }: { header: typeof shared.header; events: TraceEvent[] }) =>
      createTimeline(header, events, 'calls').steps.map(({ step, at, actor }) => [step, at, actor]);
    expect(steps(shared)).toEqual(steps(trace));
  });

  test('says in its header and at its end that names were replaced, never by value', () => {
    const notes = shared.events.slice(trace.events.length);
    expect(notes.map(({ step, data }) => [step, data.what])).toEqual([
      ['trace/redacted', 'user name, when it was shared'],
      ['trace/redacted', 'server name, when it was shared'],
    ]);
    expect(shared.header.redacted).toEqual([
      'user name, when it was shared',
      'server name, when it was shared',
    ]);
  });

  test('is not changed by being shared once more', () => {
    const again = shareTrace(shared.header, shared.events);
    expect(again.replaced).toEqual([]);
    expect(again.events).toEqual(shared.events);
  });
});

test.each(RECORDED)('a trace that names nobody stays as it is: %s', async (name) => {
  const { header, events } = await recordedTrace(name);
  const shared = shareTrace(header, events);
  expect(shared.events).toEqual(events);
  expect(shared.header).toEqual(header);
});

describe('the same name gets the same stand-in everywhere', () => {
  test('in paths, variables, words, keys of objects, and in what the container wrote', () => {
    const events = [
      sampleEvent(1, { data: { source: '/home/jdoe/data', env: ['USER=jdoe', 'PATH=/home/jdoe/bin'] } }),
      sampleEvent(2, {
        data: { labels: { 'com.jdoe.app': 'JDOE' } },
        evidence: [{ source: 'http', raw: { owner: 'jdoe' } }],
      }),
      output(3, 'hello jdoe, and Jdoe\n'),
    ];
    const shared = shareTrace(sampleHeader({ title: 'run by jdoe', command: ['ls', '/home/jdoe'] }), events);
    expect(shared.header).toMatchObject({ title: 'run by user1', command: ['ls', '/home/user1'] });
    expect(shared.events[0]!.data).toEqual({
      source: '/home/user1/data',
      env: ['USER=user1', 'PATH=/home/user1/bin'],
    });
    expect(shared.events[1]).toMatchObject({
      data: { labels: { 'com.user1.app': 'user1' } },
      evidence: [{ raw: { owner: 'user1' } }],
    });
    expect(written(shared.events)).toEqual(['hello user1, and user1\n']);
  });

  test('two people are two', () => {
    expect(one('/home/jdoe:/home/asmith:/home/jdoe/x')).toBe('/home/user1:/home/user2:/home/user1/x');
  });

  test('a name within another word is another word', () => {
    expect(one('/home/ann annual Ann')).toBe('/home/user1 annual user1');
  });

  test('a user who is called like a program is replaced in paths alone', () => {
    const { data } = share([{ argv: ['sh'], text: '/home/sh runs sh' }]);
    expect(data[0]).toEqual({ argv: ['sh'], text: '/home/user1 runs sh' });
  });
});

describe('what identifies somebody is replaced', () => {
  test.each<[string, string, string]>([
    ['a mail address', 'maintainer=Jane <jane@acme.io>', 'maintainer=Jane <person1@example.org>'],
    ['an address of the internet', 'bound to 84.16.23.7:80', 'bound to 192.0.2.1:80'],
    ['one of version 6', 'via 2a01:4f8:c17::2 up', 'via 192.0.2.1 up'],
    ['a hardware address', 'link/ether 3c:22:fb:0a:1b:2c', 'link/ether 02:00:00:00:00:01'],
    ['a server of a company', 'https://git.acme.internal.corp/x', 'https://server1.example/x'],
    ['a home folder elsewhere', 'HOME=/srv/people/jane', 'HOME=/home/user1'],
    ['a folder of macOS', '/Users/jane/code', '/Users/user1/code'],
  ])('%s', (_name, text, expected) => expect(one(text)).toBe(expected));

  test('the name of this machine and of its user, with its domain and without', () => {
    const options = { hosts: ['lab7.acme.net'], users: ['jdoe'] };
    expect(one('jdoe@lab7 and LAB7.acme.net', options)).toBe('user1@host1 and host2');
  });

  test('the name of a host that a container shares', () => {
    const config = { hostname: 'lab7', linux: { namespaces: [{ type: 'mount' }] } };
    expect(share([{ config }, { text: 'on lab7' }]).data[1]).toEqual({ text: 'on host1' });
    const own = { ...config, linux: { namespaces: [{ type: 'uts' }] } };
    expect(share([{ config: own }]).replaced).toEqual([]);
  });

  test('a registry of one’s own in an image’s name', () => {
    const { data } = share([{ image: 'hub.acme.corp:5000/team/app:1' }]);
    expect(data[0]!.image).toBe('server1.example:5000/team/app:1');
  });
});

describe('what identifies nobody stays', () => {
  test.each([
    'alpine@sha256:abcdef0123456789',
    '/root and /home/node and /home/ubuntu',
    '127.0.0.1 10.0.0.1 172.17.0.2 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 255.255.255.0',
    '::1 fe80::1 fd00::2 2001:db8::1 12:34:56 2026-01-01T10:20:30Z',
    '02:42:ac:11:00:02 00:00:00:00:00:00',
    'user@1000.service getty@tty1.service git@github.com:x/y',
    'https://registry-1.docker.io/v2/ ghcr.io/x/y https://auth.docker.io/token http://127.0.0.1:5000/',
    'version 1.2.3 and 10.20.30.400 and v1.2.3.4.5',
  ])('%s', (text) => expect(one(text)).toBe(text));
});

describe('what a container wrote', () => {
  const shared = (pieces: string[], options?: ShareOptions) =>
    shareTrace(
      sampleHeader(),
      [
        sampleEvent(1, { data: { p: '/home/jdoe' } }),
        ...pieces.map((text, index) => output(index + 2, text)),
      ],
      options,
    );

  test('is looked at line by line, also where a name comes in two pieces', () => {
    const { events } = shared(['one\nhello j', 'do', 'e!\ntwo\nth', 'ree']);
    expect(written(events)).toEqual(['one\nhello user1!\n', '', 'two\nth', 'ree']);
  });

  test('stays byte for byte where no name is in it, UTF-8 or not', () => {
    const bytes = Buffer.from([0xff, 0x00, 0x0a, 0xc3, 0xa4, 0xfe]);
    const events = [
      sampleEvent(1, {
        step: 'process/output',
        layer: 'process',
        data: { stream: 'stdout', base64: bytes.toString('base64') },
      }),
    ];
    expect(shareTrace(sampleHeader(), events).events).toEqual(events);
    const { events: clean } = shared(['grüße, jdoe ✓\n']);
    expect(written(clean)).toEqual(['grüße, user1 ✓\n']);
  });

  test('can be left out: the trace then says how many bytes there were', () => {
    const result = shared(['hello jdoe\n', 'secret'], { hide: ['output'] });
    expect(result.hiddenBytes).toBe(17);
    expect(result.events[1]!.data).toEqual({ stream: 'stdout', base64: '', hiddenBytes: 11 });
    expect(result.events.at(-1)!.data).toMatchObject({
      what: 'output of the container (bytes), when it was shared',
      count: 17,
    });
    expect(result.shown.map(({ title }) => title)).not.toContain('What the container wrote');
  });
});

describe('more can be hidden', () => {
  test('names of variables', () => {
    const { data, header } = shareTraceOf({ env: ['ACME_DB_URL=[redacted]', 'PATH=/bin'] });
    expect(data).toEqual({ env: ['VARIABLE_1=[redacted]', 'PATH=/bin'] });
    expect(header.redacted).toContain('env VARIABLE_2');
  });

  function shareTraceOf(data: Record<string, unknown>) {
    const shared = shareTrace(sampleHeader(), [sampleEvent(1, { data })], { hide: ['variables'] });
    return { data: shared.events[0]!.data, header: shared.header };
  }

  test('names of images, without their server and their tag', () => {
    expect(share([{ image: 'acme/merger:2' }], { hide: ['images'] }).data[0]).toEqual({ image: 'image1:2' });
  });

  test('what lies in a home folder', () => {
    expect(one('/home/jdoe/acme/merger.txt:/data', { hide: ['home-paths'] })).toBe(
      '/home/user1/hidden1:/data',
    );
  });

  test('one’s own words, wherever they stand and however they are written', () => {
    expect(one('ProjectFalcon and falcon', { words: ['falcon', ' '] })).toBe('Projecthidden1 and hidden1');
  });
});

test('what will be shared is told kind by kind, and what can hide it', () => {
  const events = [
    sampleEvent(1, { step: 'kernel/execve', data: { argv: ['cat', '/etc/hosts'] } }),
    sampleEvent(2, { data: { env: ['TOKEN=[redacted]'], source: '/srv/data' } }),
    output(3, 'first\nsecond\n'),
  ];
  const { shown } = shareTrace(sampleHeader(), events);
  const texts = Object.fromEntries(shown.map(({ title, values }) => [title, values]));
  expect(texts).toMatchObject({
    'What the container wrote': ['first', 'second'],
    Commands: ['underdock run starter echo hi', 'cat /etc/hosts'],
    'Names of variables (their values are not in it)': ['API_KEY', 'TOKEN'],
    'Folders and files of your own': ['/srv/data'],
  });
  expect(shown.find(({ title }) => title.startsWith('What the'))!.hide).toBe('output');
});
