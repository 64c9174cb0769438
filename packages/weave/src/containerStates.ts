import type { Layer } from '@underdock/trace';
import { callEvidence, eventEvidence } from './evidence.ts';
import type { CallRecord, EngineEventRecord } from './record.ts';
import type { Draft, Writer } from './writer.ts';

/** What state each container is in, by what its engine and containerd say of it: a fact for each change, however many say it. */
export class ContainerStates {
  readonly #writer: Writer;
  readonly #states = new Map<string, string>();
  /** Containers of which an engine has said that they came to the end of their memory. */
  readonly #outOfMemory = new Set<string>();

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** An engine or containerd tells something of its own accord. */
  told(record: EngineEventRecord): void {
    const { at, container, topic, attributes, name, pid, uncertaintyMs } = record;
    const layer: Layer = record.source === 'docker-events' ? 'engine' : 'high-level';
    const actor = pid === undefined ? { name } : { name, pid };
    const evidence = [eventEvidence(record)];
    const data = { topic, attributes, uncertaintyMs };
    const base = { at, layer, actor, ...whose(container), evidence, grade: 'observed' as const };
    this.#writer.write({ ...base, type: 'log', step: `${layer}/event`, data });
    if (container && (topic === 'container oom' || topic === '/tasks/oom')) this.#outOfMemory.add(container);
    // Other processes of a container come and go while it lives.
    const ofExec = topic === '/tasks/exit' && attributes.id !== container;
    if (container && !ofExec) this.#become(stateAfter(topic), container, base, attributes);
  }

  /** A call to containerd has ended that makes or starts a container. */
  called(draft: Pick<Draft, 'step' | 'actor' | 'container'>, record: CallRecord): void {
    const { container, step } = draft;
    if (!container || record.failed) return;
    const state =
      step === 'high-level/create-task'
        ? 'created'
        : step === 'high-level/start-task'
          ? 'running'
          : undefined;
    const base = {
      at: record.at,
      actor: draft.actor,
      container,
      evidence: [callEvidence(record)],
      grade: 'inferred' as const,
    };
    this.#become(state && { state }, container, base, {});
  }

  #become(
    change: { state: string; gone?: true } | undefined,
    id: string,
    base: Pick<Draft, 'at' | 'actor' | 'evidence' | 'grade' | 'container'>,
    { name, exitCode }: Record<string, string>,
  ): void {
    const key = change && `${change.state}${change.gone ? ' gone' : ''}`;
    if (!change || !key || this.#states.get(id) === key) return;
    this.#states.set(id, key);
    const data = {
      id,
      ...(name ? { name } : {}),
      ...change,
      ...(exitCode ? { exitCode: Number(exitCode) } : {}),
      ...(change.state === 'stopped' && this.#outOfMemory.has(id) ? { oomKilled: true } : {}),
    };
    // Where nobody but containerd says it, no engine need be there.
    const layer = base.actor.name.startsWith('containerd') ? 'high-level' : 'engine';
    this.#writer.write({ ...base, type: 'fact', step: 'engine/has-container', layer, data });
  }
}

const whose = (container: string | undefined) => (container ? { container } : {});

function stateAfter(topic: string): { state: string; gone?: true } | undefined {
  const act = topic.split(' ')[1] ?? '';
  if (topic === '/tasks/start' || act === 'start') return { state: 'running' };
  if (topic === '/tasks/exit' || act === 'die') return { state: 'stopped' };
  if (act === 'create') return { state: 'created' };
  return act === 'destroy' ? { state: 'stopped', gone: true } : undefined;
}
