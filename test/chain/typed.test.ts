import { callName, typedCommand } from '@underdock/chain';
import { describe, expect, it } from 'vitest';

const typed = (line: string) => typedCommand(line.split(' ')).join(' ');

describe('a command as one would say it', () => {
  it('leaves out where the program lies and where the engine is', () => {
    expect(typed('/usr/bin/docker -H unix:///run/e.sock --tls run --rm -H x nginx')).toBe(
      'docker run --rm -H x nginx',
    );
    expect(typed('docker --host=tcp://h:1 -D ps -a')).toBe('docker ps -a');
    expect(typed('ctr -a /run/c.sock -n moby tasks ls')).toBe('ctr tasks ls');
  });

  it('leaves out the interpreter of a script', () => {
    expect(typed('/usr/bin/python3 /usr/bin/docker-compose up -d')).toBe('docker-compose up -d');
  });

  it('keeps a flag that it does not know, and what follows', () => {
    expect(typed('docker --new thing run x')).toBe('docker --new thing run x');
    expect(typedCommand([])).toEqual([]);
  });

  it.each([
    ['docker -H unix:///e.sock run --rm x', 'docker run'],
    ['docker container ls', 'docker container ls'],
    ['docker', 'docker'],
    ['/usr/bin/python3 /usr/bin/docker-compose up -d', 'docker-compose up'],
  ])('is called by its verb on an arrow: %s', (line, name) => {
    expect(callName('client/command', { argv: line.split(' ') })).toBe(name);
  });
});
