import type { RunRequest } from '@underdock/trace';

type Flag = readonly [field: keyof RunRequest, flag: string];

const SWITCHES: readonly Flag[] = [
  ['interactive', '--interactive'],
  ['tty', '--tty'],
  ['detach', '--detach'],
  ['rm', '--rm'],
  ['readOnly', '--read-only'],
  ['keep', '--keep'],
  ['hold', '--hold'],
  ['plainHttp', '--plain-http'],
];

const VALUES: readonly Flag[] = [
  ['via', '--via'],
  ['runtime', '--runtime'],
  ['bundle', '--bundle'],
  ['engine', '--engine'],
  ['socket', '--socket'],
  ['name', '--name'],
  ['hostname', '--hostname'],
  ['memory', '--memory'],
  ['cpus', '--cpus'],
  ['pidsLimit', '--pids-limit'],
  ['network', '--network'],
  ['user', '--user'],
  ['workdir', '--workdir'],
  ['entrypoint', '--entrypoint'],
  ['env', '--env'],
  ['volume', '--volume'],
  ['mount', '--mount'],
  ['publish', '--publish'],
  ['capAdd', '--cap-add'],
  ['capDrop', '--cap-drop'],
];

/** The request as one would type it: `underdock run --memory 64m IMAGE CMD`. Not redacted. */
export function commandOf(request: RunRequest): string[] {
  const switches = SWITCHES.filter(([field]) => request[field] === true).map(([, flag]) => flag);
  const values = VALUES.flatMap(([field, flag]) => listOf(request[field]).flatMap((value) => [flag, value]));
  const image = request.image === '' ? [] : [request.image];
  return ['underdock', 'run', ...switches, ...values, ...edited(request), ...image, ...request.command];
}

/** The flags that the request gives, by the name of its field: what `client/run` shows. */
export function optionsOf(request: RunRequest): Record<string, unknown> {
  const given = [...SWITCHES, ...VALUES].map(([field]) => [field, request[field]] as const);
  return Object.fromEntries(
    given.filter(([, value]) => value !== undefined && value !== false && !isEmpty(value)),
  );
}

/** The text itself is in the trace, as the config.json that ran. */
function edited({ config }: RunRequest): string[] {
  return config === undefined ? [] : ['--config', 'config.json'];
}

function listOf(value: unknown): string[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
