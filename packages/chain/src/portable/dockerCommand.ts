import { bytesWords } from '../provenance/values.ts';
import { fillVariables, keepImage, keepProcess, Ledger } from './ledger.ts';
import type { Exported, Portable, PortableMount, PortablePort, PortableVariable, Told } from './types.ts';
import { dockerSize, quoted, shellLine } from './words.ts';

/** Writes `docker run …`: each flag on a line of its own. */
export function dockerCommand(portable: Portable): Exported {
  const ledger = new Ledger();
  const flags: string[] = [];
  const flag = (what: string, told: Told<unknown> | undefined, text: string, value?: string) => {
    flags.push(text);
    ledger.keep(what, value ?? text.replace(/^--\S+ /, ''), told, text);
  };
  const image = keepImage(ledger, portable, (name) => quoted(name));
  const program = argumentsOf(portable);
  const entry = flagOfEntry(portable);
  keepProcess(ledger, portable, program || (entry ?? ''), entry);
  limits(portable, flag);
  place(portable, flag);
  privileges(portable, flag);
  outside(portable, flag);
  fillVariables(ledger, portable);
  addWords(ledger, portable);
  if (!image) return ledger.done('docker', [], '');
  const words = [
    'docker run',
    ...(entry ? [entry] : []),
    ...flags,
    quoted(image),
    ...(program ? [program] : []),
  ];
  const { head, tail } = ledger.comments(portable, 'A docker run');
  const command = words.join(' \\\n  ');
  const text = `#!/bin/sh\n${head}\n${command}\n\n${tail}\n`;
  return ledger.done('docker', [{ name: 'docker-run.sh', text, executable: true }], 'sh docker-run.sh');
}

type Flag = (what: string, told: Told<unknown> | undefined, text: string, value?: string) => void;

/** docker’s --entrypoint takes one word: the others come before the command’s own. */
function flagOfEntry({ entrypoint }: Portable): string | undefined {
  return entrypoint && `--entrypoint ${quoted(entrypoint.value[0] ?? '')}`;
}

function argumentsOf({ entrypoint, args }: Portable): string {
  return shellLine([...(entrypoint?.value.slice(1) ?? []), ...(args?.value ?? [])]);
}

function limits({ memory, cpus, pids }: Portable, flag: Flag): void {
  if (memory) flag('Memory', memory, `--memory ${dockerSize(memory.value)}`, bytesWords(memory.value));
  if (cpus) flag('Processors', cpus, `--cpus ${cpus.value}`);
  if (pids) flag('Number of processes', pids, `--pids-limit ${pids.value}`);
}

function place(portable: Portable, flag: Flag): void {
  const { name, hostname, workdir, user, tty, interactive, removed, detached } = portable;
  if (removed) flag('Removed at its end', removed, '--rm', 'yes');
  if (detached) flag('Not waited for', detached, '--detach', 'yes');
  if (name && !name.from.isDefault) flag('Name', name, `--name ${quoted(name.value)}`);
  if (hostname) flag('Host name', hostname, `--hostname ${quoted(hostname.value)}`);
  if (user) flag('User', user, `--user ${quoted(user.value)}`);
  if (workdir) flag('Working directory', workdir, `--workdir ${quoted(workdir.value)}`);
  if (interactive) flag('Standard input', interactive, '--interactive', 'open');
  if (tty) flag('Terminal', tty, '--tty', 'one of its own');
  for (const { value, from } of portable.env) {
    flag(`Variable ${value.name}`, { value, from }, variable(value), value.value ?? 'to be filled in');
  }
}

/** A shell stops at a variable that is not set, and says so. */
function variable({ name, value }: PortableVariable): string {
  if (value !== undefined) return `--env ${quoted(`${name}=${value}`)}`;
  return /^[A-Za-z_]\w*$/.test(name)
    ? `--env ${name}="\${${name}:?fill in}"`
    : `--env ${quoted(`${name}=FILL IN`)}`;
}

function privileges(portable: Portable, flag: Flag): void {
  const { capAdd, capDrop, privileged, readOnly, noNewPrivileges } = portable;
  if (privileged) flag('Privileged', privileged, '--privileged', 'all of root’s powers');
  for (const name of capDrop?.value ?? []) flag('Capability dropped', capDrop, `--cap-drop ${quoted(name)}`);
  for (const name of capAdd?.value ?? []) flag('Capability added', capAdd, `--cap-add ${quoted(name)}`);
  if (readOnly) flag('Root filesystem', readOnly, '--read-only', 'read-only');
  if (noNewPrivileges) flag('No new privileges', noNewPrivileges, '--security-opt no-new-privileges', 'set');
}

function outside({ network, ports, mounts, others }: Portable, flag: Flag): void {
  if (network) flag('Network', network, `--network ${quoted(network.value)}`);
  for (const port of ports) flag('Port', port, `--publish ${quoted(publish(port.value))}`);
  for (const mount of mounts) flag('Mount', mount, mountFlag(mount.value));
  for (const { value, from } of others) {
    if (value.flag === '--security-opt' && /^no-new-privileges/.test(String(value.value))) continue;
    // What was typed is somebody’s: the name of a flag may hold anything, too.
    const name = quoted(value.flag);
    const text = value.value === true ? name : `${name} ${quoted(value.value)}`;
    flag('Flag', { value, from }, text, text);
  }
}

/** `[ip:][outside:]inside[/protocol]` */
export function publish({ hostIp, host, inside, protocol }: PortablePort): string {
  const outer = hostIp ? `${hostIp}:${host ?? ''}:` : host === undefined ? '' : `${host}:`;
  return `${outer}${inside}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

function mountFlag({ kind, source, target, readOnly }: PortableMount): string {
  if (kind === 'tmpfs') return `--tmpfs ${quoted(target)}`;
  return `--volume ${quoted([source, target, ...(readOnly ? ['ro'] : [])].filter(Boolean).join(':'))}`;
}

function addWords(ledger: Ledger, { network, builtBy, seccomp, mounts }: Portable): void {
  ledger.adds.push('a name and an id, a writable layer over the image’s');
  if (!network)
    ledger.adds.push('a network: an address on docker’s bridge, and what leads out through the host');
  ledger.adds.push('files of its own in /etc: hosts, hostname, resolv.conf');
  if (seccomp) ledger.adds.push('docker’s own seccomp profile, in place of the one that this run had');
  if (builtBy)
    ledger.lose(
      'The low-level runtime',
      `${builtBy.value} built this run; docker takes the one of its own, runc unless told otherwise`,
    );
  if (mounts.some(({ value }) => value.kind === 'bind'))
    ledger.fill.push('folders of the host that are mounted must be there too');
}
