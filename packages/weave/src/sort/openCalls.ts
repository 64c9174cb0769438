import type { CallProtocol, CallRecord, EngineEventRecord } from '../record.ts';
import { methodParts, type Said } from './payload.ts';
import { containerOf } from './requestPath.ts';

/** A call that is under way, and whose it is. */
export interface SortedCall {
  enter: CallRecord;
  said?: Said;
  run: string;
}

/** A request that a client sends: the engine will be seen to serve it. */
export interface Announced {
  at: number;
  run: string;
  method?: string | undefined;
  path?: string | undefined;
  query?: string | undefined;
}

/** A request that nobody was seen to serve for so long (ms) was never seen. */
const FORGOTTEN_MS = 10_000;
/** Of calls that wait for their payload, no more than so many are kept: a client that was killed never ends its own. */
const MOST_HELD = 8192;
/** What a shim is asked, by what containerd was asked, and what a runtime is told, where the names differ. */
const CAUSED_BY: Readonly<Record<string, readonly string[]>> = {
  create: ['Create', 'StartContainer', 'RunPodSandbox'],
  delete: ['Delete', 'DeleteProcess', 'Shutdown', 'Create'],
  Create: ['Create', 'StartContainer', 'RunPodSandbox'],
  Delete: ['Delete', 'StopContainer', 'StopPodSandbox', 'RemoveContainer', 'RemovePodSandbox'],
  Kill: ['Kill', 'StopContainer', 'StopPodSandbox', 'ExecSync'],
  Exec: ['Exec', 'ExecSync'],
  State: ['Get', 'Create', 'Delete', 'Start', 'DeleteProcess'],
  Connect: ['Create', 'StartContainer', 'RunPodSandbox'],
  Wait: ['Wait', 'StartContainer', 'RunPodSandbox', 'ExecSync', 'StopContainer', 'StopPodSandbox'],
  Shutdown: ['Delete', 'StopContainer', 'StopPodSandbox'],
  Pids: ['ListPids'],
  exec: ['Start', 'Exec'],
  state: ['State', 'Create', 'Start'],
};

/** What the records of one call have in common. */
export function keyOf({ pid, routine, protocol, side }: CallRecord): string {
  return `${pid}:${routine}:${protocol}:${side}`;
}

/** The calls that are under way on a host. Those of one goroutine lie inside each other. */
export class OpenCalls {
  #held = new Map<string, CallRecord>();
  #open = new Map<string, SortedCall>();
  #announced: Announced[] = [];
  /** Requests that create containers of which the engine has not said yet which they are. */
  #creating: SortedCall[] = [];

  /** Keeps a call until more is known of it; gives the one that its goroutine made before and never ended. */
  hold(enter: CallRecord): Omit<SortedCall, 'run'> | undefined {
    const before = this.held(enter);
    this.#open.delete(keyOf(enter));
    this.#held.set(keyOf(enter), enter);
    const [oldest] = this.#held.size > MOST_HELD ? this.#held.keys() : [];
    if (oldest !== undefined) this.#held.delete(oldest);
    return before;
  }

  held(record: CallRecord): Omit<SortedCall, 'run'> | undefined {
    const enter = this.#held.get(keyOf(record));
    return enter && { enter };
  }

  release(enter: CallRecord): void {
    if (this.#held.get(keyOf(enter)) === enter) this.#held.delete(keyOf(enter));
  }

  begin(call: SortedCall): void {
    const { side, path = '', at } = call.enter;
    if (side === 'server' && /\/containers\/create$/.test(path)) {
      this.#creating = this.#creating.filter(({ enter }) => at - enter.at < FORGOTTEN_MS);
      this.#creating.push(call);
    }
    this.#open.set(keyOf(call.enter), call);
  }

  get(record: CallRecord): SortedCall | undefined {
    return this.#open.get(keyOf(record));
  }

  end(record: CallRecord): void {
    this.#open.delete(keyOf(record));
    this.#held.delete(keyOf(record));
  }

  /** A process has ended: nobody waits any more for what it asked. */
  endOf(pid: number): void {
    for (const calls of [this.#open, this.#held])
      for (const key of calls.keys()) if (key.startsWith(`${pid}:`)) calls.delete(key);
  }

  /** The request that the same goroutine is serving while it makes this call. */
  around(enter: CallRecord): SortedCall | undefined {
    if (enter.side === 'server') return undefined;
    return (
      this.#open.get(`${enter.pid}:${enter.routine}:http:server`) ??
      this.#open.get(`${enter.pid}:${enter.routine}:grpc:server`)
    );
  }

  /** The newest call under way that is about this container and may have caused `verb`; nearest layer first. */
  callerOf(container: string, verb: string, protocol?: CallProtocol): SortedCall | undefined {
    const causes = CAUSED_BY[verb] ?? [verb[0]?.toUpperCase() + verb.slice(1)];
    const about = [...this.#open.values()].filter(
      ({ said, enter }) => said?.container === container && (!protocol || enter.protocol === protocol),
    );
    const named = about.filter(({ enter }) => causes.includes(methodParts(enter.method ?? '').verb));
    return named.findLast(({ enter }) => enter.protocol === 'ttrpc') ?? named.at(-1);
  }

  announce(request: Announced): void {
    this.#announced = this.#announced.filter(({ at }) => request.at - at < FORGOTTEN_MS);
    this.#announced.push(request);
  }

  /** The oldest request that was sent and is being served now; each is given once. */
  announced({ at, method, path, query }: CallRecord): Announced | undefined {
    this.#announced = this.#announced.filter((one) => at - one.at < FORGOTTEN_MS);
    const found = this.#announced.findIndex(
      (one) =>
        one.method === method && (one.path ?? '') === (path ?? '') && (one.query ?? '') === (query ?? ''),
    );
    return found < 0 ? undefined : this.#announced.splice(found, 1)[0];
  }

  /**
   * The one request under way that an event can belong to: `image pull` to `POST /images/create`, and what is said of a
   * container to a request that names that one.
   */
  requestFor({ topic, pid: engine }: EngineEventRecord, ids: readonly string[] = []): SortedCall | undefined {
    const [what = ''] = topic.split(' ');
    const names = (path: string) => {
      const { container } = containerOf(path);
      return container !== undefined && ids.some((id) => id === container || isShortOf(container, id));
    };
    const fitting = [...this.#open.values()].filter(
      ({ enter: { side, protocol, pid, path = '' } }) =>
        side === 'server' &&
        (engine === undefined || pid === engine) &&
        protocol === 'http' &&
        path.includes(`/${what}s`) &&
        (ids.length === 0 || names(path)),
    );
    return fitting.length === 1 ? fitting[0] : undefined;
  }

  /** The newest request that created the container of this name: the one that names it, or the only one. Given once. */
  creatorOf({ at, pid, attributes: { name } }: EngineEventRecord): SortedCall | undefined {
    this.#creating = this.#creating.filter(({ enter }) => at - enter.at < FORGOTTEN_MS);
    const nameOf = ({ enter }: SortedCall) => new URLSearchParams(enter.query ?? '').get('name');
    // Of several engines on a host each tells of its own.
    const here = this.#creating.filter(({ enter }) => pid === undefined || enter.pid === pid);
    const named = here.filter((one) => nameOf(one) === name);
    const fitting = named.length > 0 ? named : here.filter((one) => nameOf(one) === null);
    if (fitting.length !== 1) return undefined;
    this.#creating = this.#creating.filter((one) => one !== fitting[0]);
    return fitting[0];
  }

  /**
   * The one call under way that makes a pod whose sandbox nobody knows yet: it is `container`, when a shim is started for one that
   * nobody has heard of. Of several it can't be said which.
   */
  podMaker(container: string): SortedCall | undefined {
    const making = [...this.#open.values()].filter(
      ({ enter, said }) =>
        enter.side === 'server' &&
        said?.container === undefined &&
        /\/RunPodSandbox$/.test(enter.method ?? ''),
    );
    const [only] = making.length === 1 ? making : [];
    if (only?.said) only.said = { ...only.said, container };
    return only;
  }

  isOpenFor(run: string): boolean {
    return [...this.#open.values()].some((call) => call.run === run);
  }

  forget(run: string): void {
    for (const [key, call] of this.#open) if (call.run === run) this.#open.delete(key);
    this.#announced = this.#announced.filter((one) => one.run !== run);
  }
}

/** Docker’s clients may name a container by the beginning of its id. */
function isShortOf(text: string, id: string): boolean {
  return text.length >= 4 && id.length === 64 && id.startsWith(text);
}
