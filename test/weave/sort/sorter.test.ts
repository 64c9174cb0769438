import { type CallRecord, createSorter, type Found, type RawRecord } from '@underdock/weave';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';

const AGENT = 100;
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const from = { source: 'tracepoint', comm: 'x' } as const;
const RUNC = ['runc', 'create', '--bundle', '/b'];

/** A host on which things happen one millisecond after the other. */
class Host {
  readonly found: Found[] = [];
  readonly closed: string[] = [];
  readonly given: Record<string, string[]> = {};
  readonly sorter = createSorter({
    agentPid: AGENT,
    opened: (found) => this.found.push(found),
    give: (key, record) => {
      if (record.kind !== 'clock') this.given[key] = [...(this.given[key] ?? []), words(record)];
    },
    closed: (key) => this.closed.push(key),
  });
  at = 0;

  exec(pid: number, ...argv: string[]): this {
    return this.add({ kind: 'exec', ...from, at: 0, pid, tid: pid, path: `/usr/bin/${argv[0]}`, argv });
  }

  fork(pid: number, childPid: number): this {
    return this.add({ kind: 'fork', ...from, at: 0, pid, tid: pid, childPid });
  }

  exit(pid: number): this {
    return this.add({ kind: 'exit', ...from, at: 0, pid, tid: pid, exitCode: 0 });
  }

  call(pid: number, routine: string, call: Partial<CallRecord>): this {
    return this.add({
      kind: 'call',
      source: 'uprobe',
      phase: 'enter',
      protocol: 'http',
      side: 'server',
      comm: 'x',
      at: 0,
      pid,
      tid: pid,
      routine,
      ...call,
    });
  }

  http(
    pid: number,
    side: 'client' | 'server',
    method: string,
    path: string,
    query?: string,
    routine: string = side,
  ): this {
    return this.call(pid, routine, { side, method, path, ...(query ? { query } : {}) });
  }

  grpc(
    pid: number,
    routine: string,
    verb: string,
    container: string,
    protocol: 'grpc' | 'ttrpc' = 'grpc',
  ): this {
    const service = protocol === 'grpc' ? '/containerd.services.tasks.v1.Tasks' : 'containerd.task.v2.Task';
    const bytes = protobuf.Writer.create().uint32(10).string(container).finish();
    this.call(pid, routine, { protocol, side: 'client', method: `${service}/${verb}` });
    return this.call(pid, routine, {
      protocol,
      side: 'client',
      phase: 'payload',
      payload: { bytes, length: bytes.length },
    });
  }

  add(record: RawRecord): this {
    this.sorter.add({ ...record, at: ++this.at });
    this.sorter.add({ kind: 'clock', at: this.at + 10, source: 'probe' });
    return this;
  }

  wait(ms: number): this {
    this.at += ms;
    this.sorter.add({ kind: 'clock', at: this.at, source: 'probe' });
    return this;
  }

  lines(n: number): string[] {
    return this.given[this.found[n]?.key ?? ''] ?? [];
  }
}

function words(record: RawRecord): string {
  if (record.kind === 'call')
    return `${record.protocol} ${record.side} ${record.phase} ${record.method ?? ''} ${record.path ?? ''}`.trim();
  if (record.kind === 'exec') return `exec ${record.argv?.join(' ')}`;
  return record.kind === 'root' ? `root ${record.actor}` : record.kind;
}

describe('a command that somebody types', () => {
  it('is a run of its own, with all that descends from it', () => {
    const host = new Host().exec(7, 'docker', 'ps').fork(7, 8).exit(8).exit(7);
    expect(host.found).toEqual([{ key: host.found[0]?.key, at: 1, command: ['docker', 'ps'] }]);
    expect(host.lines(0)).toEqual(['root docker', 'exec docker ps', 'fork', 'exit', 'exit']);
  });

  it('is over a while after nothing of it is left', () => {
    const host = new Host().exec(7, 'docker', 'ps').wait(9000);
    expect(host.closed).toEqual([]);
    host.exit(7).wait(1000);
    expect(host.closed).toEqual([]);
    host.wait(2000);
    expect(host.closed).toEqual([host.found[0]?.key]);
  });

  it('is over too when it never heard an answer: what a process asked for ends with it', () => {
    const host = new Host()
      .exec(7, 'docker', 'run', 'img')
      .http(7, 'client', 'POST', `/containers/${A}/attach`)
      .exit(7)
      .wait(3000);
    expect(host.closed).toEqual([host.found[0]?.key]);
  });

  it('takes along what the engine does for it: by request, goroutine, container and verb', () => {
    const host = new Host()
      .exec(7, 'docker', 'run', 'img')
      .http(7, 'client', 'POST', `/v1.41/containers/${A}/start`)
      .http(50, 'server', 'POST', `/v1.41/containers/${A}/start`, undefined, 'g1')
      .grpc(50, 'g1', 'Create', A)
      .grpc(60, 'g9', 'Create', A, 'ttrpc')
      .exec(70, ...RUNC, A)
      .fork(70, 71)
      .exit(71);
    expect(host.found).toHaveLength(1);
    expect(host.lines(0)).toEqual([
      'root docker',
      'exec docker run img',
      `http client enter POST /v1.41/containers/${A}/start`,
      `http server enter POST /v1.41/containers/${A}/start`,
      'grpc client enter /containerd.services.tasks.v1.Tasks/Create',
      'ttrpc client enter containerd.task.v2.Task/Create',
      'root runc',
      `exec runc create --bundle /b ${A}`,
      'fork',
      'exit',
    ]);
  });

  it('is kept apart from another one at the same time', () => {
    const host = new Host()
      .exec(7, 'docker', 'run', 'one')
      .exec(8, 'docker', 'run', 'two')
      .http(7, 'client', 'POST', `/containers/${A}/start`)
      .http(8, 'client', 'POST', `/containers/${B}/start`)
      .http(50, 'server', 'POST', `/containers/${B}/start`, undefined, 'g2')
      .http(50, 'server', 'POST', `/containers/${A}/start`, undefined, 'g1')
      .grpc(50, 'g2', 'Create', B)
      .exec(71, ...RUNC, B)
      .exec(70, ...RUNC, A);
    expect(host.lines(0).filter((line) => line.startsWith('exec'))).toEqual([
      'exec docker run one',
      `exec runc create --bundle /b ${A}`,
    ]);
    expect(host.lines(1).filter((line) => line.startsWith('exec'))).toEqual([
      'exec docker run two',
      `exec runc create --bundle /b ${B}`,
    ]);
    expect(host.lines(1)).toContain('grpc client enter /containerd.services.tasks.v1.Tasks/Create');
  });

  it('that stops another one’s container is told what it causes, and the container’s end belongs to its own run', () => {
    const host = new Host()
      .exec(7, 'docker', 'run', 'img')
      .http(7, 'client', 'POST', `/containers/${A}/start`)
      .exec(70, ...RUNC, A)
      .fork(70, 71)
      .exec(9, 'docker', 'stop', 'x')
      .http(9, 'client', 'POST', `/containers/${A}/stop`)
      .http(50, 'server', 'POST', `/containers/${A}/stop`, undefined, 'g3')
      .grpc(50, 'g3', 'Kill', A)
      .grpc(60, 'g8', 'Kill', A, 'ttrpc')
      .exec(80, 'runc', 'kill', A, '15')
      .exit(71);
    expect(host.lines(1)).toContain('root runc');
    expect(host.lines(1)).toContain('ttrpc client enter containerd.task.v2.Task/Kill');
    expect(host.lines(0).at(-1)).toBe('exit');
  });
});

describe('a container of which nobody was seen to ask for it', () => {
  it('is found by its runtime', () => {
    const host = new Host().exec(70, 'runc', '--log', '/l', ...RUNC.slice(1), A).fork(70, 71);
    expect(host.found).toMatchObject([{ command: [], container: A }]);
    expect(host.lines(0)).toEqual(['root runc', `exec runc --log /l create --bundle /b ${A}`, 'fork']);
  });

  it('is called by the command when its runtime was typed, and what is typed about it later belongs to it', () => {
    const host = new Host()
      .exec(70, ...RUNC, 'mine')
      .fork(70, 71)
      .exit(70)
      .exec(72, 'runc', 'start', 'mine');
    expect(host.found).toMatchObject([{ command: [...RUNC, 'mine'], container: 'mine' }]);
    expect(host.lines(0).slice(-2)).toEqual(['root runc', 'exec runc start mine']);
  });

  it('is found by a request that changes something, not by one that asks', () => {
    const host = new Host().http(50, 'server', 'GET', '/containers/json');
    expect(host.found).toEqual([]);
    host.http(50, 'server', 'POST', '/networks/create', undefined, 'g2');
    expect(host.found).toMatchObject([{ command: ['POST', '/networks/create'] }]);
  });
});

describe('a container that a program creates which can’t be seen sending', () => {
  const event = (topic: string, container: string, name: string): RawRecord => {
    const of = { source: 'docker-events', name: 'dockerd', uncertaintyMs: 1 } as const;
    return { kind: 'engine-event', at: 0, ...of, topic, container, attributes: { name } };
  };

  it('belongs to the request that created it, by what the engine says', () => {
    const host = new Host()
      .http(50, 'server', 'POST', '/containers/create', 'name=one', 'g1')
      .http(50, 'server', 'POST', '/containers/create', 'name=two', 'g2')
      .add(event('container create', B, 'two'))
      .http(50, 'server', 'POST', `/containers/${B}/start`, undefined, 'g3')
      .exec(70, ...RUNC, B);
    expect(host.found.map(({ command }) => command)).toEqual([
      ['POST', '/containers/create'],
      ['POST', '/containers/create'],
    ]);
    expect(host.lines(1).at(-1)).toBe(`exec runc create --bundle /b ${B}`);
  });

  it('belongs to a request of the engine that speaks, and to none of another engine on this host', () => {
    const host = new Host()
      .http(50, 'server', 'POST', '/containers/create', undefined, 'g1')
      .add({ ...event('container create', B, 'two'), pid: 51 } as RawRecord)
      .exec(70, ...RUNC, B);
    expect(host.found.map(({ container }) => container)).toEqual([undefined, B]);
  });

  it('belongs to the one command whose requests can’t be seen where they are sent', () => {
    const compose: RawRecord = {
      ...{ kind: 'exec', ...from, at: 0, pid: 7, tid: 7, path: '/usr/bin/docker-compose' },
      argv: ['/usr/bin/python3', '/usr/bin/docker-compose', 'up'],
    };
    const host = new Host()
      .add(compose)
      .http(50, 'server', 'GET', '/version', undefined, 'g1')
      .http(50, 'server', 'POST', '/containers/create', 'name=one', 'g2')
      .http(50, 'server', 'POST', `/containers/${A}/start`, undefined, 'g3')
      .exec(70, ...RUNC, A);
    expect(host.found).toHaveLength(1);
    expect(host.lines(0)).toContain(`exec runc create --bundle /b ${A}`);
  });
});

describe('a run of the agent’s own', () => {
  it('is given what belongs to it, and is never found', () => {
    const host = new Host();
    const claim = host.sorter.claim('mine');
    claim.request(1, 'POST', '/containers/create', 'name=x');
    host.http(50, 'server', 'POST', '/containers/create', 'name=x', 'g1');
    claim.container(A);
    host
      .exec(70, ...RUNC, A)
      .fork(70, 71)
      .exit(71)
      .wait(9000);
    expect(host.found).toEqual([]);
    expect(host.closed).toEqual([]);
    expect(host.given.mine).toEqual([
      'http server enter POST /containers/create',
      'root runc',
      `exec runc create --bundle /b ${A}`,
      'fork',
      'exit',
    ]);
    claim.leave();
    host.exec(72, 'runc', 'delete', A);
    expect(host.given.mine).toHaveLength(5);
  });

  it('gets its container back from a run that was found for it before its id was told', () => {
    const host = new Host();
    const claim = host.sorter.claim('mine');
    host.exec(70, ...RUNC, A);
    expect(host.found).toHaveLength(1);
    claim.container(A);
    host.exec(71, 'runc', 'start', A);
    expect(host.given.mine).toEqual(['root runc', `exec runc start ${A}`]);
    host.sorter.claim('other').container(A);
    host.exec(72, 'runc', 'delete', A);
    expect(host.given.other).toBeUndefined();
  });

  it('may have a client of the agent’s own, which is known before the kernel tells of its birth', () => {
    const host = new Host();
    const claim = host.sorter.claim('mine');
    claim.process(101);
    const argv = ['/usr/bin/python3', '/usr/bin/docker-compose', 'up'];
    host
      .fork(AGENT, 101)
      .add({ kind: 'exec', ...from, at: 0, pid: 101, tid: 101, path: '/usr/bin/docker-compose', argv })
      .http(50, 'server', 'POST', '/containers/create', 'name=one', 'g1');
    expect(host.found).toEqual([]);
    expect(host.given.mine).toContain('http server enter POST /containers/create');
  });

  it('that needs no engine is followed elsewhere: the agent’s children are passed over', () => {
    const host = new Host()
      .fork(AGENT, 101)
      .exec(101, ...RUNC, A)
      .fork(101, 102)
      .exec(102, 'docker', 'ps');
    expect(host.found).toEqual([]);
    expect(host.given).toEqual({});
  });

  it('may have an engine of the agent’s own, whose children are nobody’s', () => {
    const host = new Host()
      .fork(AGENT, 101)
      .exec(101, 'containerd')
      .exec(70, ...RUNC, A);
    expect(host.found).toHaveLength(1);
  });
});
