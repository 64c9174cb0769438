import type { OciConfig } from '../../bundle/ociConfig.ts';
import type { Toolbox } from './tools.ts';

function capabilityWords(names: readonly string[]): string {
  return ['-all', ...names.map((name) => `+${name.slice(4).toLowerCase()}`)].join(',');
}

/**
 * The words with which the waiting process becomes the container's: setpriv(1) gives up privileges, env(1) leaves the
 * host's folder and sets the environment, then the program is executed. Exit codes 126 and 127 are env's.
 */
export function lastCommand(config: OciConfig, toolbox: Toolbox, setgroups: boolean): string[] {
  const { user, capabilities, noNewPrivileges, cwd, env, args } = config.process;
  const groups = user.additionalGids ?? [];
  const groupWords = !setgroups
    ? ['--keep-groups']
    : groups.length > 0
      ? ['--groups', groups.join(',')]
      : ['--clear-groups'];
  return [
    ...toolbox.call('setpriv'),
    '--reuid',
    String(user.uid),
    '--regid',
    String(user.gid),
    ...groupWords,
    '--inh-caps=-all',
    '--ambient-caps=-all',
    `--bounding-set=${capabilityWords(capabilities.bounding)}`,
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
    '--',
    ...toolbox.call('env'),
    '-i',
    '--default-signal',
    `--chdir=${cwd}`,
    '--',
    ...env,
    ...args,
  ];
}
