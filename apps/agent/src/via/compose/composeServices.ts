import { setTimeout as pause } from 'node:timers/promises';
import type { ContainerInfo } from 'dockerode';
import type { Engine } from '../docker/engine.ts';
import type { ViaContext } from '../via.ts';

const LOOK_EVERY_MS = 200;

/** Looks after the containers of a compose project: each is told when it appears and when its state changes. */
export class ComposeServices {
  #engine: Engine;
  #project: string;
  #context: ViaContext;
  #cause: string;
  #states = new Map<string, string>();
  #gone = new Set<string>();
  #ports = new Map<number, () => void>();
  #over = new AbortController();
  #looking: Promise<void>;

  constructor(engine: Engine, project: string, context: ViaContext, cause: string) {
    this.#engine = engine;
    this.#project = project;
    this.#context = context;
    this.#cause = cause;
    this.#looking = this.#keepLooking();
  }

  /** Looks a last time, and closes the ports that it has opened. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#looking;
    await this.#look().catch(() => {});
    for (const end of this.#ports.values()) end();
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      // An engine that is away for a moment is asked again.
      await this.#look().catch(() => {});
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const label = [`com.docker.compose.project=${this.#project}`];
    const found = await this.#engine.docker.listContainers({ all: true, filters: { label } });
    // One that is being removed can be in the list again after it has not been.
    for (const one of found) if (!this.#gone.has(one.Id)) await this.#seen(one);
    for (const id of [...this.#states.keys()].filter((known) => !found.some(({ Id }) => Id === known))) {
      this.#states.delete(id);
      this.#gone.add(id);
      this.#say(id, { state: 'stopped', gone: true });
    }
  }

  async #seen(info: ContainerInfo): Promise<void> {
    const { Id, Names, Labels } = info;
    const state = info.State === 'created' ? 'created' : info.State === 'running' ? 'running' : 'stopped';
    const before = this.#states.get(Id);
    if (before === state) return;
    this.#states.set(Id, state);
    if (before === undefined) this.#context.container?.(Id);
    const exitCode = /\((\d+)\)/.exec(info.Status)?.[1];
    this.#say(Id, {
      name: Names[0]?.replace(/^\//, ''),
      service: Labels['com.docker.compose.service'],
      state,
      ...(state === 'stopped' && exitCode ? { exitCode: Number(exitCode) } : {}),
    });
    if (state === 'running') await this.#running(info);
  }

  async #running({ Id, Ports }: ContainerInfo): Promise<void> {
    const { State } = await this.#engine.docker.getContainer(Id).inspect();
    if (State.Pid > 0) await this.#context.waiting(Id, State.Pid);
    for (const { PublicPort, Type } of this.#engine.door ? Ports : []) {
      if (!PublicPort || Type !== 'tcp' || this.#ports.has(PublicPort)) continue;
      this.#ports.set(PublicPort, () => {});
      const end = await this.#engine.door?.letIn(PublicPort).catch(() => undefined);
      if (end) this.#ports.set(PublicPort, end);
    }
  }

  #say(id: string, data: Record<string, unknown>): void {
    const told = { cause: [this.#cause, this.#context.clientSpan], container: id, actor: this.#engine.actor };
    this.#context.tell.fact('engine/has-container', { id, ...data }, told);
  }
}
