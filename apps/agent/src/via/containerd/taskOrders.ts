import type { OciProcess, OciResources } from '../embedded/bundle/ociConfig.ts';
import { ask, askUnless, ctr } from './api.ts';
import type { ContainerdContainer } from './container.ts';
import { taskFailure } from './failure.ts';
import type { Fifos } from './fifos.ts';

// Both go as JSON.
const PROCESS_URL = 'types.containerd.io/opencontainers/runtime-spec/1/Process';
const RESOURCES_URL = 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources';

/** Sends a signal to its first process; one that has ended is fine. `cause`: the act that it is done for. */
export async function killProcess(
  container: ContainerdContainer,
  signal: { name: string; number: number },
  cause?: string,
): Promise<void> {
  const { daemon, socket } = container.containerd;
  const { clientSpan } = container;
  await askUnless(
    ['NOT_FOUND', 'FAILED_PRECONDITION'],
    daemon,
    'Tasks/Kill',
    { containerId: container.id, signal: signal.number },
    container.calling({
      cause: cause ? [cause, clientSpan] : [clientSpan],
      request: { container: container.id, signal: signal.number },
      equivalent: ctr(socket, 'tasks', 'kill', '--signal', signal.name, container.id),
    }),
  );
}

/** Tells the terminal its size. */
export async function resizeTerminal(
  container: ContainerdContainer,
  { cols, rows }: { cols: number; rows: number },
): Promise<void> {
  const { daemon } = container.containerd;
  const message = { containerId: container.id, width: cols, height: rows };
  await ask(daemon, 'Tasks/ResizePty', message, container.calling({ request: message }));
}

/** The shim lets go of its end of stdin too: the process reads an end of file. */
export async function closeInput(container: ContainerdContainer): Promise<void> {
  const { daemon } = container.containerd;
  const message = { containerId: container.id, stdin: true };
  await askUnless(['NOT_FOUND'], daemon, 'Tasks/CloseIO', message, container.calling({ request: message }));
}

/** `Pause`, `Resume`. */
export async function order(container: ContainerdContainer, verb: 'Pause' | 'Resume'): Promise<void> {
  const { daemon, socket } = container.containerd;
  const equivalent = ctr(socket, 'tasks', verb.toLowerCase(), container.id);
  const calling = container.calling({ request: { container: container.id }, equivalent });
  await ask(daemon, `Tasks/${verb}`, { containerId: container.id }, calling);
}

/** Changes the limits that are named. */
export async function updateLimits(container: ContainerdContainer, resources: OciResources): Promise<void> {
  const { daemon } = container.containerd;
  const value = Buffer.from(JSON.stringify(resources));
  const message = { containerId: container.id, resources: { type_url: RESOURCES_URL, value } };
  const calling = container.calling({ request: { container: container.id, resources } });
  await ask(daemon, 'Tasks/Update', message, calling);
}

/** Runs one more process in it to its end; resolves with its exit code. */
export async function execProcess(
  container: ContainerdContainer,
  execId: string,
  process: OciProcess,
  fifos: Fifos,
): Promise<number> {
  const { daemon, socket } = container.containerd;
  const names = { containerId: container.id, execId };
  const told = { container: container.id, execId };
  const { args, terminal } = process;
  const spec = { type_url: PROCESS_URL, value: Buffer.from(JSON.stringify(process)) };
  const equivalent = ctr(socket, 'tasks', 'exec', '--exec-id', execId, container.id, ...args);
  await ask(
    daemon,
    'Tasks/Exec',
    { ...names, ...fifos.paths, terminal, spec },
    container.calling({ request: { ...told, args }, equivalent }),
  );
  try {
    const waiting = container.calling({ request: told, timeoutMs: 0 });
    const ended = ask<{ exitStatus: number }>(daemon, 'Tasks/Wait', names, waiting);
    ended.catch(() => {});
    await ask(daemon, 'Tasks/Start', names, container.calling({ request: told }));
    fifos.handedOver();
    return (await ended).exitStatus;
  } catch (error) {
    throw taskFailure(error, container.runtime, args[0] ?? '');
  } finally {
    await askUnless(
      ['NOT_FOUND'],
      daemon,
      'Tasks/DeleteProcess',
      names,
      container.calling({ request: told }),
    ).catch(() => {});
  }
}
