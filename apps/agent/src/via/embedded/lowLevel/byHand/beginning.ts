import path from 'node:path';
import type { OciConfig } from '../../bundle/ociConfig.ts';
import type { Quote, Step } from './step.ts';

/** unshare(1)'s and nsenter(1)'s words for the namespaces of the runtime spec. */
const WORDS: Record<string, string> = {
  user: '--user',
  mount: '--mount',
  uts: '--uts',
  ipc: '--ipc',
  network: '--net',
  pid: '--pid',
  cgroup: '--cgroup',
};

/** Where the waiting process finds what it needs, and what it does when it is let go. */
export interface Beginning {
  config: OciConfig;
  /** Folder with `tools/`, the FIFO `go` and the file `pid`. */
  work: string;
  /** cgroups that the process joins before its namespaces are made, so that it sees itself at their root. */
  joined: readonly string[];
  /** The last command; absent = it is in the file `last`, as `lastStep` has written it. */
  last?: readonly string[];
  terminal: boolean;
  /** A script waits for its end; underdock collects it as an orphan. */
  waitedFor: boolean;
}

/** Whether a user namespace of the configuration maps more than one's own id, which asks for `--map-auto` (util-linux 2.38). */
export function mapsRanges(config: OciConfig): boolean {
  return (config.linux.uidMappings?.length ?? 0) > 1;
}

/** The words of `unshare` for this configuration, up to where the command to run follows. */
export function unshareWords(config: OciConfig, waitedFor: boolean): string[] {
  const types = config.linux.namespaces.map((one) => one.type);
  const words = Object.keys(WORDS).filter((type) => types.includes(type));
  const user = types.includes('user')
    ? ['--map-root-user', ...(mapsRanges(config) ? ['--map-auto'] : [])]
    : [];
  // With --pid the next process to be forked is number 1: without --fork that is the one that setsid makes.
  const fork = waitedFor ? ['--fork'] : [];
  return ['unshare', ...words.map((type) => WORDS[type]!), ...user, '--propagation', 'private', ...fork];
}

function execLine(last: readonly string[], quote: Quote): string {
  return `exec ${last.map(quote).join(' ')}`;
}

/** Everybody on the host may read a process's arguments (proc_pid_cmdline(5)), and the environment's values are among these. */
export function lastStep(work: string, last: readonly string[]): Step {
  return {
    why: 'write down, for its owner’s eyes alone, what the waiting process is to become',
    shell: (quote) =>
      `umask 077; printf '%s\\n' ${quote(execLine(last, quote))} > ${quote(path.join(work, 'last'))}`,
  };
}

/** What the first process inside does: tell its number, take the container's streams, wait for a word, become the container. */
function insideLines(last: readonly string[] | undefined, quote: Quote): string {
  return [
    'read -r pid rest < /proc/self/stat',
    'exec <&3 >&4 2>&5 3<&- 4>&- 5>&-',
    'echo "$pid" > ../pid',
    'read -r word < ../go',
    last === undefined ? '. ../last' : execLine(last, quote),
  ].join('\n');
}

/** The shell lines that end as a process in new namespaces, waiting on the FIFO `go`. */
export function beginningText(beginning: Beginning, quote: Quote, innerQuote: Quote): string {
  const { config, work, joined, last, terminal, waitedFor } = beginning;
  const fork = waitedFor ? ['setsid'] : ['setsid', '--fork'];
  const words = [...unshareWords(config, waitedFor), ...fork, ...(terminal ? ['--ctty'] : []), 'sh', '-c'];
  return [
    ...joined.map((folder) => `echo $$ > ${quote(path.join(folder, 'cgroup.procs'))}`),
    `cd ${quote(path.join(work, 'tools'))}`,
    `exec ${words.join(' ')} ${innerQuote(insideLines(last, innerQuote))}`,
  ].join('\n');
}
