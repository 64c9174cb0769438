import type { CallRecord } from './record.ts';
import { criSubject, isCri, podName } from './sort/criServed.ts';
import { keyOf } from './sort/openCalls.ts';
import { methodParts, type Said } from './sort/payload.ts';

/** What is asked of a runtime by the CRI, as acts of the runtime’s. */
const STEPS: Readonly<Record<string, string>> = {
  RunPodSandbox: 'high-level/run-sandbox',
  CreateContainer: 'high-level/create-container',
  StartContainer: 'high-level/start-container',
  StopContainer: 'high-level/stop-container',
  RemoveContainer: 'high-level/remove-container',
  StopPodSandbox: 'high-level/stop-sandbox',
  RemovePodSandbox: 'high-level/remove-sandbox',
};

/** The step of a call of the CRI: of who serves it, or of who asks. */
export function criStep({ side, comm, method = '' }: CallRecord): {
  step: string;
  layer: 'client' | 'engine' | 'high-level';
} {
  if (side === 'server')
    return { step: STEPS[methodParts(method).verb] ?? 'high-level/call', layer: 'high-level' };
  return comm === 'crictl'
    ? { step: 'client/request', layer: 'client' }
    : { step: 'engine/call', layer: 'engine' };
}

/** What is told of a call of the CRI where it is served. */
export function criData(said: Said): Record<string, unknown> {
  const name = podName(said);
  // A call that makes something names its pod at most.
  const makes = said.request.config !== undefined;
  const id = makes ? undefined : criSubject(said);
  return { ...(id ? { id } : {}), ...(name ? { name, network: networkOf(said) } : {}) };
}

interface Pod {
  id?: string;
  name: string;
  network: string;
  shares: string[];
}

/** The pods that a runtime makes on somebody’s behalf: what exists after each call that has succeeded. */
export class CriPods {
  readonly #making = new Map<string, Pod>();
  readonly #ending = new Map<string, { id: string; gone: boolean }>();
  readonly #pods = new Map<string, Pod>();

  /** A call begins to be served. */
  begun(record: CallRecord, said: Said): void {
    if (record.side !== 'server' || !isCri(record.method)) return;
    const { verb } = methodParts(record.method ?? '');
    const name = podName(said);
    const id = criSubject(said);
    if (verb === 'RunPodSandbox' && name)
      this.#making.set(keyOf(record), { name, network: networkOf(said), shares: sharesOf(said) });
    else if (id && /^(Stop|Remove)PodSandbox$/.test(verb))
      this.#ending.set(keyOf(record), { id, gone: verb === 'RemovePodSandbox' });
  }

  /** A container is made by the goroutine that serves a call: while a pod is made, it is the one that holds it open. */
  made({ pid, routine }: CallRecord, container: string): void {
    const pod = this.#making.get(`${pid}:${routine}:grpc:server`);
    if (pod) pod.id ??= container;
  }

  /** A call has been served: the pod that now exists, stands still or is gone, as a fact tells it. */
  ended(record: CallRecord): (Record<string, unknown> & { id: string }) | undefined {
    const key = keyOf(record);
    const made = this.#making.get(key);
    const ending = this.#ending.get(key);
    this.#making.delete(key);
    this.#ending.delete(key);
    if (record.failed) return undefined;
    if (made?.id) {
      this.#pods.set(made.id, made);
      return { ...made, id: made.id, state: 'ready' };
    }
    const pod = ending && this.#pods.get(ending.id);
    if (!pod) return undefined;
    if (ending.gone) this.#pods.delete(ending.id);
    return { ...pod, id: ending.id, state: 'notready', ...(ending.gone ? { gone: true } : {}) };
  }
}

// NamespaceMode: POD 0, CONTAINER 1, NODE 2; what is 0 is not sent.
function optionsOf({ request }: Said): Partial<Record<'network' | 'pid' | 'ipc', number>> {
  const config = request.config as { options?: { security?: { namespaces?: object } } } | undefined;
  return config?.options?.security?.namespaces ?? {};
}

function networkOf(said: Said): string {
  return optionsOf(said).network === 2 ? 'node' : 'pod';
}

function sharesOf(said: Said): string[] {
  const { network = 0, pid = 0, ipc = 0 } = optionsOf(said);
  const shared: [string, boolean][] = [
    ['net', network === 0],
    ['ipc', ipc === 0],
    ['uts', network === 0],
    ['pid', pid === 0],
  ];
  return shared.filter(([, is]) => is).map(([kind]) => kind);
}
