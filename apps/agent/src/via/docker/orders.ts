import type { Duplex } from 'node:stream';
import type { Container, Exec } from 'dockerode';
import { AgentError } from '../../error.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { ContainerOrders, ExecWanted } from '../via.ts';
import { attach } from './attachment.ts';
import type { DockerContainer } from './dockerContainer.ts';
import { ask } from './engine.ts';

/** So much of what a command prints is kept, each stream by itself. */
const MOST_OUTPUT = 1_000_000;

/** Orders to a container that runs. `current` throws where there is none. */
export function containerOrders(current: () => DockerContainer): ContainerOrders {
  return {
    exec: async (wanted) => execute(current(), wanted),
    pause: async () => simple(current(), (container, options) => container.pause(options)),
    unpause: async () => simple(current(), (container, options) => container.unpause(options)),
    kill: async (signal) => current().kill(signal),
    async update(wanted) {
      const { memory, cpus, pidsLimit } = wanted;
      const limits = effectiveLimits(wanted);
      const body = {
        ...(memory === undefined ? {} : { Memory: limits.memory, MemorySwap: limits.memory * 2 }),
        ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
        ...(pidsLimit === undefined ? {} : { PidsLimit: limits.pidsLimit }),
      };
      await simple(
        current(),
        (container, options) => container.update({ _query: {}, _body: body, ...options } as object),
        body,
      );
    },
    async logs() {
      const ordered = current();
      const { engine, container } = ordered;
      const bytes = await ask(engine, ordered.asking(), (_docker, abortSignal) =>
        container.logs({ follow: false, stdout: true, stderr: true, abortSignal }),
      );
      const { Config } = await ask(engine, ordered.asking(), (_docker, abortSignal) =>
        container.inspect({ abortSignal }),
      );
      return { bytes, framed: !Config.Tty };
    },
  };
}

async function simple(
  ordered: DockerContainer,
  order: (container: Container, options: { abortSignal: AbortSignal }) => Promise<unknown>,
  request?: Record<string, unknown>,
): Promise<void> {
  const asking = ordered.asking(request ? { request } : {});
  await ask(ordered.engine, asking, (_docker, abortSignal) => order(ordered.container, { abortSignal }));
}

async function execute(
  ordered: DockerContainer,
  wanted: ExecWanted,
): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }> {
  const { engine } = ordered;
  const exec = await createExec(ordered, wanted);
  const tty = wanted.tty === true;
  const said = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const sizes = { stdout: 0, stderr: 0 };
  const stream = await ask(engine, ordered.asking({ request: { Tty: tty } }), (_docker, abortSignal) =>
    exec.start({ hijack: true, stdin: false, Tty: tty, Detach: false, abortSignal } as object),
  );
  const attached = attach(stream as unknown as Duplex, tty, (name, bytes) => {
    sizes[name] += bytes.length;
    if (sizes[name] <= MOST_OUTPUT) said[name].push(bytes);
  });
  await attached.ended;
  const { ExitCode } = await ask(engine, ordered.asking(), (_docker, abortSignal) =>
    exec.inspect({ abortSignal }),
  );
  if (ExitCode === null) {
    throw new AgentError('exec-unknown', 'the connection to the command broke off: it may still be running', {
      remedy: 'look at the processes in the container',
    });
  }
  return { exitCode: ExitCode, stdout: Buffer.concat(said.stdout), stderr: Buffer.concat(said.stderr) };
}

/** Environment is told by name alone. */
function createExec(ordered: DockerContainer, wanted: ExecWanted): Promise<Exec> {
  const { command, tty = false, user, workdir, env = [] } = wanted;
  const body = {
    AttachStdout: true,
    AttachStderr: true,
    Tty: tty,
    Cmd: command,
    ...(user === undefined ? {} : { User: user }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
  };
  const told = { ...body, ...(env.length > 0 ? { Env: env.map((entry) => entry.split('=', 1)[0]) } : {}) };
  return ask(ordered.engine, ordered.asking({ request: told }), (_docker, abortSignal) =>
    ordered.container.exec({ ...body, ...(env.length > 0 ? { Env: env } : {}), abortSignal }),
  );
}
