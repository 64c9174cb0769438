import { type CallRecord, createSorter, type Found, type RawRecord } from '@underdock/weave';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';

const AGENT = 100;
const A = 'a'.repeat(64);
const from = { source: 'tracepoint', comm: 'x' } as const;

/** A host that is watched for long. */
class Host {
  readonly found: Found[] = [];
  readonly closed: string[] = [];
  readonly given: [key: string, record: RawRecord][] = [];
  readonly alive = new Set<number>();
  at = 0;
  readonly sorter = createSorter({
    agentPid: AGENT,
    isAlive: (pid) => this.alive.has(pid),
    opened: (found) => this.found.push(found),
    give: (key, record) => record.kind !== 'clock' && this.given.push([key, record]),
    closed: (key) => this.closed.push(key),
  });

  exec(pid: number, ...argv: string[]): this {
    return this.add({ kind: 'exec', ...from, at: 0, pid, tid: pid, path: `/usr/bin/${argv[0]}`, argv });
  }

  call(pid: number, call: Partial<CallRecord>): this {
    const of = { source: 'uprobe', phase: 'enter', protocol: 'http', side: 'server', comm: 'x' } as const;
    return this.add({ kind: 'call', at: 0, ...of, pid, tid: pid, routine: 'g', ...call });
  }

  event(topic: string, container: string, name: string): this {
    const of = { source: 'docker-events', name: 'dockerd', uncertaintyMs: 1 } as const;
    return this.add({ kind: 'engine-event', at: 0, ...of, topic, container, attributes: { name } });
  }

  grpc(verb: string, container: string, protocol: 'grpc' | 'ttrpc', execId?: string): this {
    const service = protocol === 'grpc' ? '/containerd.services.tasks.v1.Tasks' : 'containerd.task.v2.Task';
    const writer = protobuf.Writer.create().uint32(10).string(container);
    const bytes = (execId ? writer.uint32(18).string(execId) : writer).finish();
    const of = { protocol, side: 'client', routine: protocol } as const;
    this.call(60, { ...of, method: `${service}/${verb}` });
    return this.call(60, { ...of, phase: 'payload', payload: { bytes, length: bytes.length } });
  }

  add(record: RawRecord): this {
    this.sorter.add({ ...record, at: ++this.at });
    return this.wait(10);
  }

  wait(ms: number): this {
    this.at += ms;
    this.sorter.add({ kind: 'clock', at: this.at, source: 'probe' });
    return this;
  }

  kinds(n: number): string[] {
    return this.given.filter(([key]) => key === this.found[n]?.key).map(([, { kind }]) => kind);
  }
}

describe('on a host that is watched for long', () => {
  it('a run is over though the end of its process was not seen, once that is gone', () => {
    const host = new Host();
    host.alive.add(7);
    host.exec(7, 'docker', 'ps').wait(120_000);
    expect(host.closed).toEqual([]);
    host.alive.delete(7);
    host.wait(5000).wait(120_000).wait(120_000).wait(120_000);
    expect(host.closed).toEqual(['found-1']);
  });

  it('a pid of a child of the agent’s own, whose end was not seen, is somebody else’s when it comes again', () => {
    const host = new Host();
    host.add({ kind: 'fork', ...from, at: 0, pid: AGENT, tid: AGENT, childPid: 101 });
    host.wait(120_000).wait(120_000).wait(120_000);
    host.alive.add(101);
    host.exec(101, 'docker', 'ps');
    expect(host.found).toHaveLength(1);
  });

  it('a health check of a container of nobody’s is no run', () => {
    const host = new Host()
      .grpc('Exec', A, 'grpc')
      .grpc('Exec', A, 'ttrpc')
      .grpc('Start', A, 'ttrpc', 'check')
      .exec(70, 'runc', '--root', '/r', 'exec', '--process', '/tmp/p', '--detach', '--pid-file', '/x.pid', A);
    expect(host.found).toEqual([]);
    host.exec(71, 'runc', 'exec', A, 'ps');
    expect(host.found).toHaveLength(1);
  });

  it('what the engine says of one container is not told to who follows the logs of another', () => {
    const host = new Host()
      .exec(7, 'docker', 'logs', '-f', 'web')
      .call(7, { side: 'client', method: 'GET', path: '/containers/web/logs' })
      .call(50, { method: 'GET', path: '/containers/web/logs' })
      .event('container die', A, 'other');
    expect(host.kinds(0)).not.toContain('engine-event');
    host.event('container die', 'b'.repeat(64), 'web');
    expect(host.kinds(0)).toContain('engine-event');
  });

  it('a request that was never served is forgotten: who asks the same much later is somebody else', () => {
    const host = new Host()
      .exec(7, 'docker', 'stop', 'x')
      .call(7, { side: 'client', method: 'POST', path: '/containers/x/stop' })
      .wait(60_000)
      .call(50, { method: 'POST', path: '/containers/x/stop' });
    expect(host.found.map(({ command }) => command)).toEqual([
      ['docker', 'stop', 'x'],
      ['POST', '/containers/x/stop'],
    ]);
  });

  it('a process of the agent’s own that it has claimed for a run is that run’s, whenever its birth is told', () => {
    const host = new Host();
    host.sorter.claim('mine').process(101);
    host.add({ kind: 'fork', ...from, at: 0, pid: AGENT, tid: AGENT, childPid: 101 });
    host.exec(101, 'docker', 'compose', 'up');
    host.add({ kind: 'fork', ...from, at: 0, pid: 101, tid: 101, childPid: 102 });
    host.exec(102, 'docker-compose', 'up');
    expect(host.given.filter(([key]) => key === 'mine').map(([, { kind }]) => kind)).toEqual([
      ...['root', 'exec', 'fork', 'root', 'exec'],
    ]);
    expect(host.found).toEqual([]);
  });
});
