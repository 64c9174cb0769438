import { bytesWords } from '../provenance/values.ts';
import { publish } from './dockerCommand.ts';
import { fillVariables, keepImage, keepProcess, Ledger } from './ledger.ts';
import type { Exported, OtherFlag, Portable, PortableMount, PortableVariable, Told } from './types.ts';
import { dockerSize, labelOf } from './words.ts';
import { unlessEmpty, yamlText } from './yamlFile.ts';

type Fields = Record<string, unknown>;

/** Writes a compose.yaml with one service, by the Compose Specification. */
export function composeFile(portable: Portable): Exported {
  const ledger = new Ledger();
  const image = keepImage(ledger, portable, (name) => `image: ${name}`);
  keepProcess(ledger, portable, portable.args ? 'command:' : 'entrypoint:', 'entrypoint:');
  const service = {
    image,
    ...place(portable, ledger),
    ...limits(portable, ledger),
    ...privileges(portable, ledger),
    ...outside(portable, ledger),
    ...others(portable.others, ledger),
  };
  fillVariables(ledger, portable);
  addWords(ledger, portable);
  if (!image) return ledger.done('compose', [], '');
  const volumes = portable.mounts.flatMap(({ value }) =>
    value.kind === 'volume' && value.source ? [value.source] : [],
  );
  const content = {
    services: { [labelOf(portable)]: service },
    volumes: volumes.length > 0 ? Object.fromEntries(volumes.map((name) => [name, { name }])) : undefined,
  };
  const text = yamlText(ledger.comments(portable, 'A compose file'), content);
  return ledger.done('compose', [{ name: 'compose.yaml', text }], 'docker compose up');
}

/** compose fills in what follows a dollar sign; two of them are one. */
function literal(text: string): string {
  return text.replaceAll('$', '$$$$');
}
const literals = (told: Told<readonly string[]> | undefined) => told?.value.map(literal);

function place(portable: Portable, ledger: Ledger): Fields {
  const { name, hostname, workdir, user, tty, interactive, env, entrypoint, args } = portable;
  if (name && !name.from.isDefault) ledger.keep('Name', name.value, name, 'container_name:');
  if (hostname) ledger.keep('Host name', hostname.value, hostname, 'hostname:');
  if (workdir) ledger.keep('Working directory', workdir.value, workdir, 'working_dir:');
  if (user) ledger.keep('User', user.value, user, 'user:');
  if (tty) ledger.keep('Terminal', 'one of its own', tty, 'tty:');
  if (interactive) ledger.keep('Standard input', 'open', interactive, 'stdin_open:');
  for (const one of env)
    ledger.keep(
      `Variable ${one.value.name}`,
      one.value.value ?? 'to be filled in',
      one,
      `${one.value.name}:`,
    );
  return {
    container_name: name && !name.from.isDefault ? name.value : undefined,
    entrypoint: literals(entrypoint),
    command: literals(args),
    environment: Object.fromEntries(env.map(({ value }) => [value.name, variable(value)])),
    working_dir: workdir && literal(workdir.value),
    user: user && literal(user.value),
    hostname: hostname?.value,
    tty: tty?.value,
    stdin_open: interactive?.value,
  };
}

/** compose stops at a variable that is not set, and says so. */
function variable({ name, value }: PortableVariable): string {
  if (value !== undefined) return literal(value);
  return /^[A-Za-z_]\w*$/.test(name) ? `\${${name}:?fill in}` : 'FILL IN';
}

function limits({ memory, cpus, pids }: Portable, ledger: Ledger): Fields {
  if (memory) ledger.keep('Memory', bytesWords(memory.value), memory, 'mem_limit:');
  if (cpus) ledger.keep('Processors', String(cpus.value), cpus, 'cpus:');
  if (pids) ledger.keep('Number of processes', String(pids.value), pids, 'pids_limit:');
  return {
    mem_limit: memory && dockerSize(memory.value),
    cpus: cpus?.value,
    pids_limit: pids?.value,
  };
}

function privileges(portable: Portable, ledger: Ledger): Fields {
  const { capAdd, capDrop, privileged, readOnly, noNewPrivileges } = portable;
  if (privileged) ledger.keep('Privileged', 'all of root’s powers', privileged, 'privileged:');
  if (capDrop) ledger.keep('Capabilities dropped', capDrop.value.join(', '), capDrop, 'cap_drop:');
  if (capAdd) ledger.keep('Capabilities added', capAdd.value.join(', '), capAdd, 'cap_add:');
  if (readOnly) ledger.keep('Root filesystem', 'read-only', readOnly, 'read_only:');
  if (noNewPrivileges) ledger.keep('No new privileges', 'set', noNewPrivileges, 'security_opt:');
  const options = portable.others.filter(({ value }) => value.flag === '--security-opt');
  const others = options
    .map(({ value }) => String(value.value))
    .filter((one) => !/^no-new-privileges/.test(one));
  return {
    privileged: privileged?.value,
    cap_drop: capDrop?.value,
    cap_add: capAdd?.value,
    read_only: readOnly?.value,
    security_opt: unlessEmpty([...(noNewPrivileges ? ['no-new-privileges:true'] : []), ...others]),
  };
}

function outside({ network, ports, mounts }: Portable, ledger: Ledger): Fields {
  const named = network && !/^(none|host|bridge|container:.*)$/.test(network.value);
  if (network && !named) ledger.keep('Network', network.value, network, 'network_mode:');
  if (named)
    ledger.lose(
      `Network ${network.value}`,
      'compose would have to be told that it is there already: add it under networks, external',
    );
  for (const port of ports) ledger.keep('Port', publish(port.value), port, `ports:`);
  for (const mount of mounts) ledger.keep('Mount', volume(mount.value), mount, volume(mount.value));
  const memory = mounts.filter(({ value }) => value.kind === 'tmpfs');
  const disk = mounts.filter(({ value }) => value.kind !== 'tmpfs');
  return {
    network_mode: named ? undefined : network?.value,
    ports: unlessEmpty(ports.map(({ value }) => publish(value))),
    volumes: unlessEmpty(disk.map(({ value }) => literal(volume(value)))),
    tmpfs: unlessEmpty(memory.map(({ value }) => literal(value.target))),
  };
}

function volume({ source, target, readOnly }: PortableMount): string {
  return [source, target, ...(readOnly ? ['ro'] : [])].filter(Boolean).join(':');
}

/** docker’s flags by the names that compose has for them. */
const FIELDS: Readonly<
  Record<string, readonly [field: string, kind: 'word' | 'list' | 'switch' | 'number']>
> = {
  '--restart': ['restart', 'word'],
  '--runtime': ['runtime', 'word'],
  '--pid': ['pid', 'word'],
  '--ipc': ['ipc', 'word'],
  '--userns': ['userns_mode', 'word'],
  '--cpu-shares': ['cpu_shares', 'number'],
  '--cpuset-cpus': ['cpuset', 'word'],
  '--memory-swap': ['memswap_limit', 'word'],
  '--memory-reservation': ['mem_reservation', 'word'],
  '--shm-size': ['shm_size', 'word'],
  '--stop-signal': ['stop_signal', 'word'],
  '--platform': ['platform', 'word'],
  '--init': ['init', 'switch'],
  '--dns': ['dns', 'list'],
  '--add-host': ['extra_hosts', 'list'],
  '--device': ['devices', 'list'],
  '--group-add': ['group_add', 'list'],
  '--env-file': ['env_file', 'list'],
};

function others(all: Portable['others'], ledger: Ledger): Fields {
  const fields: Fields = {};
  for (const one of all) {
    const { flag, value } = one.value;
    const [field, kind] = Object.hasOwn(FIELDS, flag) ? FIELDS[flag]! : [];
    if (field === undefined) {
      if (flag !== '--security-opt')
        ledger.lose(said(one.value), 'compose says it in another way: see its specification');
      continue;
    }
    ledger.keep(`Flag ${flag}`, String(value), one, `${field}:`);
    if (kind === 'list') fields[field] = [...((fields[field] as string[]) ?? []), literal(String(value))];
    else if (kind === 'number') fields[field] = Number(value);
    else fields[field] = kind === 'switch' ? true : literal(String(value));
  }
  return fields;
}

/** As it was typed. */
export function said({ flag, value }: OtherFlag): string {
  return value === true ? flag : `${flag} ${value}`;
}

function addWords(ledger: Ledger, { network, removed, builtBy, seccomp }: Portable): void {
  ledger.adds.push(
    'a project, named after the folder, and labels by which compose finds its containers again',
  );
  if (!network) ledger.adds.push('a network of the project’s own, on which the service is known by its name');
  if (seccomp) ledger.adds.push('the engine’s own seccomp profile, in place of the one that this run had');
  if (removed) ledger.lose('Removed at its end', 'a container of compose stays until docker compose down');
  if (builtBy)
    ledger.lose('The low-level runtime', `${builtBy.value} built this run; the engine takes its own`);
}
