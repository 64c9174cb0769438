import type { TraceEvent } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { scriptWords } from '../../../apps/agent/src/run/foundRun.ts';
import { createRedactor } from '../../../apps/agent/src/run/redact.ts';
import { sampleHeader } from '../../trace/sample.ts';

const SECRET = 'hunter2-and-more';

function clean(...command: string[]): string {
  const redactor = createRedactor({ env: [], command: [...command, ...scriptWords(command)] });
  const header = sampleHeader({ title: command.join(' '), via: 'watch', command, redacted: [] });
  const event: TraceEvent = {
    seq: 1,
    at: 1,
    type: 'begin',
    step: 'client/command',
    layer: 'client',
    actor: { name: 'docker' },
    data: { argv: command },
    evidence: [{ source: 'tracepoint', raw: { argv: command } }],
    grade: 'observed',
  };
  return JSON.stringify([redactor.header(header), redactor.event(event)]);
}

describe('of a command that somebody else typed', () => {
  test.each([
    ['docker', 'run', '-e', `DBPASS=${SECRET}`, 'nginx'],
    ['sh', '-c', `docker run -e DBPASS=${SECRET} nginx; true`],
    ['sh', '-c', `docker run -e "DBPASS=${SECRET}" nginx && docker login -p '${SECRET}'`],
    ['bash', '-ec', `docker login --password=${SECRET}; docker ps`],
    ['docker', 'run', '-e', 'PIN=4711', 'nginx'],
    ['docker', 'run', `-eDBPASS=${SECRET}`, 'nginx'],
    ['docker', 'run', `-e=DBPASS=${SECRET}`, 'nginx'],
    ['docker', 'run', '-ite', `DBPASS=${SECRET}`, 'nginx'],
    ['docker', 'run', `-iteDBPASS=${SECRET}`, 'nginx'],
    ['docker', 'run', `--env=DBPASS=${SECRET}`, 'nginx'],
    ['docker', 'build', '--build-arg', `NPM=${SECRET}`, '.'],
    ['docker', 'build', `--build-arg=NPM=${SECRET}`, '.'],
    ['docker', 'service', 'update', '--env-add', `DBPASS=${SECRET}`, 'web'],
    ['docker', 'login', '-u', 'me', '-p', SECRET],
    ['docker', 'login', `-p${SECRET}`, 'reg.example'],
    ['docker', 'login', `-p=${SECRET}`],
    ['docker', 'login', '--password', SECRET],
    ['ctr', 'images', 'pull', '--user', `me:${SECRET}`, 'reg.example/x'],
    ['ctr', 'i', 'pull', '-u', `me:${SECRET}`, 'reg.example/x'],
    ['crictl', 'pull', '--creds', `me:${SECRET}`, 'x'],
    ['skopeo', 'copy', `--src-creds=me:${SECRET}`, 'a', 'b'],
    ['kubectl', 'create', 'secret', 'generic', 'x', `--from-literal=k=${SECRET}`],
    ['kubectl', 'create', 'secret', 'generic', 'x', '--from-literal', `k=${SECRET}`],
  ])('the secret is shown nowhere: %s %s %s %s', (...command) => {
    const text = clean(...command);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('4711');
    expect(text).toContain(command[0]);
  });

  test('ports, users and names stay as they are', () => {
    const command = ['docker', 'run', '-p', '8080:80', '-u', '1000:1000', '--name', 'login-test', 'nginx'];
    expect(JSON.parse(clean(...command))[0].command).toEqual(command);
    expect(JSON.parse(clean('docker', 'compose', '-p', 'shop', 'up'))[0].command[3]).toBe('shop');
  });
});
