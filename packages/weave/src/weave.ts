import type { TraceEvent } from '@underdock/trace';
import { KernelEvents } from './kernel.ts';
import { Lineage } from './lineage.ts';
import { Order } from './order.ts';
import { isOther, tellOther } from './others.ts';
import type { LostRecord, RawRecord, SelfRecord } from './record.ts';
import { RelayEvents } from './relay.ts';
import { Writer } from './writer.ts';

/** What a weave is given: where events go, and what the host looks like from outside any container. */
export interface WeaveOptions {
  /** Called once per event, in writing order: seq 1, 2, 3 … */
  emit: (event: TraceEvent) => void;
  /** The host's namespaces by kind (`mnt`, `pid`, `net` …) to inode: those of /proc/self/ns of the agent. */
  hostNamespaces?: Readonly<Record<string, number>>;
}

/** Turns the raw records of one run into the events of its trace. */
export interface Weave {
  /** A span id that is unused in this trace. */
  newSpan(): string;
  /** Takes a record in any order; events come out sorted as far as heartbeats and forty ticks of patience allow. */
  add(record: RawRecord): void;
  /** To be called every 50 ms: writes what has waited long enough even when nothing new comes in. */
  tick(): void;
  /** Writes everything that waits and an `end` with `data.open` for each open span. Nothing may be added afterwards. */
  close(at: number): void;
}

/** A weave for one run. Records of processes that are outside the run's lineage are passed over. */
export function createWeave(options: WeaveOptions): Weave {
  const hostNamespaces = options.hostNamespaces ?? {};
  const writer = new Writer(options.emit);
  const lineage = new Lineage(hostNamespaces);
  const kernel = new KernelEvents(lineage, writer, hostNamespaces);
  const relay = new RelayEvents(lineage, writer);
  const order = new Order((record) => attempt(record));

  // A record that a fault of ours makes nothing of is one that is missing: declared, and no reason to end.
  function attempt(record: RawRecord): void {
    try {
      take(record);
    } catch (error) {
      writer.write(tellOther(faultAt(record.at, error)));
    }
  }

  function take(record: RawRecord): void {
    if (record.kind === 'self') {
      writer.write(told(record));
      relay.sent(record);
    } else if (record.kind === 'spawned') kernel.spawned(record);
    else if (record.kind === 'call') relay.call(record);
    else if (record.kind === 'root') relay.root(record);
    else if (record.kind === 'engine-event') relay.event(record);
    else if (isOther(record)) writer.write(tellOther(record));
    else if (record.kind !== 'clock') kernel.take(record);
    if (record.kind === 'exit') relay.exited(record);
    else if (record.kind === 'runtime-log') relay.said(record);
  }

  return {
    newSpan: () => writer.newSpan(),
    add(record) {
      // The kernel may have told of the new process before we could: whose it is must be known before that is woven.
      if (record.kind === 'spawned') lineage.root(record);
      order.add(record);
    },
    tick: () => order.tick(),
    close(at) {
      order.flush();
      writer.close(at);
    },
  };
}

function faultAt(at: number, error: unknown): LostRecord {
  const why = `a fault in underdock (${String(error).slice(0, 200)})`;
  return { kind: 'lost', at, layer: 'kernel', name: 'weave', count: 1, why };
}

function told(record: SelfRecord): Parameters<Writer['write']>[0] {
  const { kind: _, evidence, grade, ...event } = record;
  return { ...event, evidence: evidence ?? [{ source: 'self', raw: {} }], grade: grade ?? 'observed' };
}
