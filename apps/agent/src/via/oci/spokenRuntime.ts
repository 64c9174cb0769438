import { EmbeddedError } from '../embedded/error.ts';
import type { BundleToRun, LowLevelRuntime } from '../embedded/lowLevel/runtime.ts';
import type { Runtimes } from '../embedded/lowLevel/runtimes.ts';

/** The script that does what this runtime is about to do with a bundle. */
export type WriteScript = (work: BundleToRun, runtime: LowLevelRuntime) => Promise<string>;

/**
 * The runtimes that speak the OCI runtime command line: by-hand is none. Each is asked for the container's state once it
 * is created and before it is deleted, since on this road nobody else keeps it.
 */
export function spokenRuntimes({ found, choose }: Runtimes, script: WriteScript): Runtimes {
  const speaking = found.filter(({ name }) => name !== 'by-hand');
  return {
    found: speaking,
    async choose(wanted, namespace) {
      if (wanted === 'by-hand') throw byHandIsNone();
      const best = wanted ?? speaking.find(({ why }) => why === undefined)?.name;
      if (best === undefined) throw noRuntime(speaking);
      return spoken(await choose(best, namespace), script);
    },
  };
}

function spoken(runtime: LowLevelRuntime, script: WriteScript): LowLevelRuntime {
  const created = new Set<string>();
  return {
    name: runtime.name,
    version: runtime.version,
    absent: runtime.absent,
    ...(runtime.program ? { program: runtime.program } : {}),
    ...(runtime.makesConsole ? { makesConsole: true } : {}),
    async create(work, tell) {
      const made = await runtime.create({ ...work, script: () => script(work, runtime) }, tell);
      created.add(work.id);
      await runtime.state(work.id, tell, work.cause);
      return made;
    },
    start: (id, tell, cause) => runtime.start(id, tell, cause),
    state: (id, tell, cause) => runtime.state(id, tell, cause),
    kill: (id, signal, tell, cause) => runtime.kill(id, signal, tell, cause),
    async delete(id, tell, cause, force) {
      if (created.delete(id) && tell) await runtime.state(id, tell, cause);
      await runtime.delete(id, tell, cause, force);
    },
    ...commandsOf(runtime),
  };
}

function commandsOf(runtime: LowLevelRuntime): Partial<LowLevelRuntime> {
  const { exec, pause, resume, update } = runtime;
  return {
    ...(exec ? { exec: exec.bind(runtime) } : {}),
    ...(pause ? { pause: pause.bind(runtime) } : {}),
    ...(resume ? { resume: resume.bind(runtime) } : {}),
    ...(update ? { update: update.bind(runtime) } : {}),
  };
}

function byHandIsNone(): EmbeddedError {
  return new EmbeddedError('unknown-runtime', 'by-hand is no OCI runtime: there is no program to call', {
    remedy: 'choose runc or crun, or take --via embedded --runtime by-hand',
  });
}

function noRuntime(found: Runtimes['found']): EmbeddedError {
  const why = found.map((one) => `${one.name}: ${one.why}`).join('; ');
  return new EmbeddedError('no-runtime', `no OCI runtime can be used on this host (${why})`, {
    remedy: 'install runc or crun, or give the full path of another with --runtime',
  });
}
