import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { createRedactor } from '../../../apps/agent/src/run/redact.ts';
import type { OciConfig } from '../../../apps/agent/src/via/embedded/bundle/ociConfig.ts';
import { beginningText } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/beginning.ts';
import { quoteAround, shellQuote } from '../../../apps/agent/src/via/embedded/lowLevel/byHand/step.ts';
import { sampleHeader } from '../../trace/sample.ts';

const PASSWORD = 'hunter2-and-more';

function event(step: string, data: Record<string, unknown>, raw: Record<string, unknown> = {}): TraceEvent {
  return {
    seq: 1,
    at: 1,
    type: 'log',
    step,
    layer: 'kernel',
    actor: { name: 'runc' },
    data,
    evidence: [{ source: 'tracepoint', raw }],
    grade: 'observed',
  };
}

function header(command: string[]): TraceHeader {
  return sampleHeader({ title: command.join(' '), command, redacted: [] });
}

function output(text: string | Buffer, stream = 'stdout'): TraceEvent {
  return event('process/output', { stream, base64: Buffer.from(text).toString('base64') });
}

function shown(one: TraceEvent): string {
  return Buffer.from(String(one.data.base64), 'base64').toString();
}

describe('values of environment variables', () => {
  const redactor = createRedactor({ env: [`API_KEY=${PASSWORD}`, 'PATH=/opt/special/bin', 'N=1'] });

  test('go from the header, whose list names them', () => {
    const command = ['underdock', 'run', '-e', `API_KEY=${PASSWORD}`, '-eN=1', '--env=N=1', 'starter'];
    const clean = redactor.header(header(command));
    expect(clean.command).toEqual([
      'underdock',
      'run',
      '-e',
      'API_KEY=[redacted]',
      '-eN=[redacted]',
      '--env=N=[redacted]',
      'starter',
    ]);
    expect(JSON.stringify(clean)).not.toContain(PASSWORD);
    expect(clean.redacted).toEqual(expect.arrayContaining(['env API_KEY', 'env N']));
    expect(clean.redacted).not.toContain('env PATH');
  });

  test('go from nested data and from evidence, names stay', () => {
    const clean = redactor.event(
      event(
        'high-level/write-config',
        {
          config: {
            process: { env: [`API_KEY=${PASSWORD}`, 'PATH=/opt/special/bin', 'OTHER=x'], args: [PASSWORD] },
          },
        },
        { argv: ['sh', '-c', `curl -d ${PASSWORD}`], file: { text: JSON.stringify({ v: PASSWORD }) } },
      ),
    );
    expect(clean.data).toEqual({
      config: {
        process: {
          env: ['API_KEY=[redacted]', 'PATH=/opt/special/bin', 'OTHER=[redacted]'],
          args: ['[redacted]'],
        },
      },
    });
    expect(JSON.stringify(clean)).not.toContain(PASSWORD);
  });

  test('go where they are written for JSON, for a URL or in base64', () => {
    const value = 'a "quoted"\nvalue & more';
    const one = createRedactor({ env: [`X=${value}`] });
    for (const form of [JSON.stringify({ value }), `?q=${encodeURIComponent(value)}`, btoa(value)]) {
      const clean = one.text(form);
      expect(clean).toContain('[redacted]');
      expect(clean).not.toContain('quoted');
      expect(clean).not.toContain(btoa(value).slice(0, 12));
    }
  });

  test('go when a probe has cut them off at the end of a string', () => {
    expect(redactor.text(`API_KEY=${PASSWORD.slice(0, 9)}`)).toBe('API_KEY=[redacted]');
    expect(redactor.text(`set ${PASSWORD.slice(0, 9)}...`)).toBe('set [redacted]...');
  });

  test('that are short go only beside their name', () => {
    expect(redactor.text('N=1 and 1 and XN=1')).toBe('N=[redacted] and 1 and XN=1');
  });

  test('of the image are learned later; its versions and paths stay readable', () => {
    const one = createRedactor({ env: [] });
    one.learnEnv(['VERSION=1.25.31', 'CONF=/etc/app/conf', 'DB_PASS=correcthorse']);
    expect(one.text('nginx 1.25.31 reads /etc/app/conf with correcthorse')).toBe(
      'nginx 1.25.31 reads /etc/app/conf with [redacted]',
    );
    expect(one.text('VERSION=1.25.31')).toBe('VERSION=[redacted]');
    expect(one.takeNew()).toEqual(['env VERSION', 'env CONF', 'env DB_PASS']);
    expect(one.takeNew()).toEqual([]);
  });

  test('of regular expression characters and of the marker itself do no harm', () => {
    const one = createRedactor({ env: ['A=(.*)+[x]\\d{3}', 'B=redacted', 'C=$&$1'] });
    expect(one.text('see (.*)+[x]\\d{3} here')).toBe('see [redacted] here');
    expect(one.text('[redacted]')).toBe('[redacted]');
  });
});

describe('credentials and keys', () => {
  const redactor = createRedactor({ env: [] });

  test.each([
    ['https://user:pa55word@registry.example/v2/', 'https://[redacted]@registry.example/v2/'],
    ['Authorization: Bearer abc.def-ghi123', 'Authorization: Bearer [redacted]'],
    ['Basic dXNlcjpwYXNzd29yZA==', 'Basic [redacted]'],
    [`key ${'AKIA'}IOSFODNN7EXAMPLE end`, 'key [redacted] end'],
    [`ghp_${'a1B2'.repeat(9)}`, '[redacted]'],
    [`github_pat_${'a1B2_'.repeat(6)}`, '[redacted]'],
    [`xoxb-${'1234-'.repeat(4)}`, '[redacted]'],
    [`eyJhbGciOiJI.eyJzdWIiOiIx.${'s'.repeat(20)}`, '[redacted]'],
    ['--password=opensesame', '--password=[redacted]'],
    ['mysql DB_SECRET=opensesame;', 'mysql DB_SECRET=[redacted];'],
    ['"api_key": "k3y-0123456789"', '"api_key": "[redacted]"'],
    ['a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb', 'a\n[redacted]\nb'],
  ])('%s', (text, clean) => {
    expect(redactor.text(text)).toBe(clean);
  });

  test.each([
    'docker.io/library/nginx:1.27@sha256:0123456789abcdef',
    'token: an unexpected end of the file',
    '/etc/passwd',
    'sk-x',
    'http://127.0.0.1:5000/v2/',
    'keyring created, basic checks done',
  ])('an innocent text stays: %s', (text) => {
    expect(redactor.text(text)).toBe(text);
  });

  test('an argument after a flag that names a secret goes', () => {
    const clean = redactor.event(
      event('kernel/execve', { argv: ['app', '--db-password', 'x', '--verbose', 'y'] }),
    );
    expect(clean.data.argv).toEqual(['app', '--db-password', '[redacted]', '--verbose', 'y']);
  });

  test('a field that is named after a secret goes', () => {
    const clean = redactor.event(event('x/y', {}, { headers: { Authorization: 'anything', accept: 'a' } }));
    expect(clean.evidence[0]?.raw).toEqual({ headers: { Authorization: '[redacted]', accept: 'a' } });
  });

  test('a hostile string costs no more than its length', () => {
    const started = performance.now();
    for (const piece of [
      'eyJ-',
      '-----BEGIN PRIVATE KEY-----',
      'a://b',
      'password=',
      'Bearer ',
      'eyJaaaaaaaaa.',
    ])
      redactor.text(piece.repeat(200_000 / piece.length));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('output', () => {
  test('loses known values and stays valid base64, other bytes untouched', () => {
    const redactor = createRedactor({ env: [`P=${PASSWORD}`] });
    const before = Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from(PASSWORD), Buffer.from([254, 10])]);
    const clean = redactor.event(output(before));
    expect(Buffer.from(String(clean.data.base64), 'base64')).toEqual(
      Buffer.concat([Buffer.from([0, 255, 128]), Buffer.from('[redacted]'), Buffer.from([254, 10])]),
    );
    const innocent = output(Buffer.from([0, 1, 2, 255]));
    expect(redactor.event(innocent)).toEqual(innocent);
  });

  test('that splits a value over two chunks shows neither its beginning nor its end', () => {
    const redactor = createRedactor({ env: [`P=${PASSWORD}`] });
    const first = shown(redactor.event(output(`see ${PASSWORD.slice(0, 8)}`)));
    const second = shown(redactor.event(output(`${PASSWORD.slice(8)} end`)));
    expect(first).toBe('see [redacted]');
    expect(second).toBe('[redacted] end');
  });

  test('keeps its streams apart', () => {
    const redactor = createRedactor({ env: [`P=${PASSWORD}`] });
    redactor.event(output(PASSWORD.slice(0, 3), 'stderr'));
    expect(shown(redactor.event(output(PASSWORD.slice(3))))).toBe(PASSWORD.slice(3));
  });
});

test('redacting twice changes nothing more', () => {
  const redactor = createRedactor({ env: [`API_KEY=${PASSWORD}`, 'N=1'] });
  const one = event(
    'x/y',
    { env: ['N=1'], argv: ['--token', 'abcdefgh', `password=${PASSWORD}`], url: 'https://a:b@c/d' },
    { authorization: 'Bearer abcdef123456', text: `API_KEY=${PASSWORD}` },
  );
  const once = redactor.event(one);
  expect(redactor.event(once)).toEqual(once);
  const top = redactor.header(header(['-e', `API_KEY=${PASSWORD}`]));
  expect(redactor.header(top)).toEqual(top);
});

describe('secrets that a shell has quoted', () => {
  const secret = `hun$ter"it's\`me\\x`;
  const redactor = createRedactor({ env: [`KEY=${secret}`, "P=a'b"] });
  const beginning = {
    config: { linux: { namespaces: [] } } as unknown as OciConfig,
    work: '/work',
    joined: [],
    last: ['env', '-i', `KEY=${secret}`, "P=a'b", 'sh'],
    terminal: false,
    waitedFor: false,
  };
  const text = beginningText(beginning, shellQuote, shellQuote);

  test('go from a command to type and from a script, however deep the quotes', () => {
    for (const shown of [text, quoteAround(text)]) {
      const clean = redactor.text(shown);
      expect(clean).toContain('KEY=[redacted]');
      expect(clean).toContain('P=[redacted]');
      expect(clean).not.toMatch(/ter|me|a'/);
    }
  });

  test('go where a probe cut them off', () => {
    const cut = `${text.slice(0, text.indexOf('hun') + 14)}…`;
    expect(redactor.text(cut)).toMatch(/KEY=\[redacted\]…$/);
  });
});

describe('arguments of flags that ask for a secret', () => {
  const command = ['mysql', '--password', 'hunter2xx', '--api-key=correct horse battery', '--token', 'a b'];
  const redactor = createRedactor({ env: [], command });

  test('go from the title and from what is shown to be typed, where they are no words of a list', () => {
    const clean = redactor.header(header(command));
    expect(clean.title).toBe('mysql --password [redacted] --api-key=[redacted] --token [redacted]');
    expect(redactor.text(command.map(shellQuote).join(' '))).not.toMatch(/hunter|horse|battery|a b/);
  });

  test('go whole from the list, blanks or not', () => {
    expect(redactor.header(header(command)).command).toEqual([
      'mysql',
      '--password',
      '[redacted]',
      '--api-key=[redacted]',
      '--token',
      '[redacted]',
    ]);
  });
});

test('a secret of several lines goes from the output of a terminal too', () => {
  const redactor = createRedactor({ env: ['KEY=first line\nsecond line'] });
  expect(shown(redactor.event(output('KEY=first line\r\nsecond line\r\n')))).toBe('KEY=[redacted]\r\n');
});
