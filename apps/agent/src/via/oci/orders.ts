import type { HostAbilities } from '../embedded/bundle/host.ts';
import { Origins } from '../embedded/bundle/provenance.ts';
import { buildResources } from '../embedded/bundle/resources.ts';
import { readInRootfs } from '../embedded/bundle/rootfsFiles.ts';
import { resolveUser } from '../embedded/bundle/user.ts';
import type { LivingContainer } from '../embedded/engineStop.ts';
import { EmbeddedError } from '../embedded/error.ts';
import type { LowLevelRuntime } from '../embedded/lowLevel/runtime.ts';
import type { ContainerOrders, ExecWanted } from '../via.ts';

/** Orders to a container that runs, each one command of the OCI runtime. `current` throws where there is none. */
export function runtimeOrders(current: () => LivingContainer, host: HostAbilities): ContainerOrders {
  return {
    exec: async (wanted) => execute(current(), wanted),
    pause: async () => {
      const { runtime, id, tell, clientSpan } = current();
      await able(runtime, 'pause')(id, tell, clientSpan);
    },
    unpause: async () => {
      const { runtime, id, tell, clientSpan } = current();
      await able(runtime, 'resume')(id, tell, clientSpan);
    },
    kill: async (signal) => {
      const { runtime, id, tell, clientSpan } = current();
      await runtime.kill(id, signal, tell, clientSpan);
    },
    state: async () => {
      const { runtime, id, tell, clientSpan } = current();
      return runtime.state(id, tell, clientSpan);
    },
    async update(wanted) {
      const { runtime, id, tell, clientSpan } = current();
      const { memory, cpu, pids } = buildResources(wanted, host, new Origins()) ?? {};
      const limits = {
        ...(wanted.memory !== undefined && memory ? { memory } : {}),
        ...(wanted.cpus !== undefined && cpu ? { cpu } : {}),
        ...(wanted.pidsLimit !== undefined ? { pids: pids ?? { limit: -1 } } : {}),
      };
      await able(runtime, 'update')(id, limits, tell, clientSpan);
    },
    async logs() {
      throw new EmbeddedError('not-supported', 'nobody keeps the output on this road', {
        remedy: 'look at the run’s trace: it holds what the container printed',
      });
    },
  };
}

type Order = 'exec' | 'pause' | 'resume' | 'update';

function able<O extends Order>(runtime: LowLevelRuntime, order: O): NonNullable<LowLevelRuntime[O]> {
  const can = runtime[order];
  if (can) return can.bind(runtime) as NonNullable<LowLevelRuntime[O]>;
  throw new EmbeddedError('not-supported', `${runtime.name} has no command ${order}`, {
    remedy: 'choose runc or crun with --runtime',
  });
}

/** Runtimes take ids alone: names are looked up in the container's own files, as it sees them. */
async function execute(living: LivingContainer, wanted: ExecWanted): ReturnType<ContainerOrders['exec']> {
  if (wanted.tty) {
    throw new EmbeddedError('not-supported', 'a command started with exec gets no terminal on this road', {
      remedy: 'leave out the terminal',
    });
  }
  const { runtime, id, pid, tell, clientSpan } = living;
  const { command: argv, workdir: cwd, env } = wanted;
  const user = wanted.user === undefined ? undefined : await userIds(wanted.user, pid);
  const inside = {
    argv,
    ...(user ? { user } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
  };
  return able(runtime, 'exec')(id, inside, tell, clientSpan);
}

async function userIds(wanted: string, pid: number): Promise<{ uid: number; gid: number }> {
  const root = `/proc/${pid}/root`;
  const [passwd, group] = await Promise.all([
    readInRootfs(root, '/etc/passwd'),
    readInRootfs(root, '/etc/group'),
  ]);
  const { uid, gid } = resolveUser(wanted, passwd, group);
  return { uid, gid };
}
