import { bytesWords } from '../provenance/values.ts';
import { fillVariables, keepImage, keepProcess, Ledger } from './ledger.ts';
import { isObject } from './outside.ts';
import { variableOf } from './process.ts';
import { filled, wordList } from './sources.ts';
import { standardConfig } from './standardConfig.ts';
import type { Exported, Portable, Told } from './types.ts';
import { isOnLoopback, labelOf, pinned, quoted } from './words.ts';

type Config = Readonly<Record<string, unknown>>;

/** Writes an OCI bundle: the run’s own config.json, and a script that fetches the root filesystem by digest. */
export function bundle(portable: Portable): Exported {
  const ledger = new Ledger();
  const image = keepImage(ledger, portable, (name) => quoted(name));
  const told = portable.config?.value;
  const source = told ?? standardConfig(portable);
  if (!source) {
    ledger.lose(
      'config.json',
      'the trace does not hold it: nobody was there to read it when the runtime began. Nor does it tell what was executed: the image said that',
    );
    return ledger.done('bundle', [], '');
  }
  if (!told) sayMade(portable, ledger);
  const config = carried(source, ledger);
  keepProcess(ledger, { ...portable, args: toldArgs(portable) }, '"args":');
  keepFields(portable, ledger);
  loseEngines(portable, ledger);
  fillVariables(ledger, { ...portable, env: [], unsure: undefined });
  ledger.adds.push(
    'nothing: what config.json does not say is not there. No network but loopback, no image, no logs, nobody who removes it',
  );
  const name = labelOf(portable);
  const use = `sh fetch-rootfs.sh && runc run ${name}`;
  const files = [
    { name: 'config.json', text: json(config) },
    ...(image ? [{ name: 'fetch-rootfs.sh', text: script(portable, image), executable: true as const }] : []),
    { name: 'README', text: readme(ledger, portable, use) },
  ];
  return ledger.done('bundle', files, use);
}

/** A config that is not the run’s own: what nobody could know is for the reader to fill in. */
function sayMade({ entrypoint, user, ids }: Portable, ledger: Ledger): void {
  ledger.lose(
    'The run’s own config.json',
    'the trace does not hold it: nobody was there to read it when the runtime began. This one is made from what was asked for, with what engines take unless told otherwise, and no seccomp filter',
  );
  if (!entrypoint)
    ledger.fill.push(
      'process.args: the image’s ENTRYPOINT comes before it, if it has one (skopeo inspect --config)',
    );
  if (user && !ids && !/^\d+(:\d+)?$/.test(user.value))
    ledger.fill.push(`process.user: the number of ${user.value}, which stands in the image’s /etc/passwd`);
}

function toldArgs({ config, entrypoint, args: asked }: Portable): Told<readonly string[]> | undefined {
  if (!config) {
    const from = asked ?? entrypoint;
    return from && { ...from, value: [...(entrypoint?.value ?? []), ...(asked?.value ?? [])] };
  }
  const args = config && isObject(config.value.process) ? wordList(config.value.process.args) : undefined;
  return args && { value: args, from: { ...config!.from, what: 'process.args' } };
}

function keepFields(portable: Portable, ledger: Ledger): void {
  const { memory, cpus, pids, readOnly, hostname, capAdd, capDrop, seccomp, noNewPrivileges } = portable;
  if (memory) ledger.keep('Memory', bytesWords(memory.value), memory, `"limit": ${memory.value}`);
  if (cpus) ledger.keep('Processors', String(cpus.value), cpus, '"quota":');
  if (pids) ledger.keep('Number of processes', String(pids.value), pids, `"limit": ${pids.value}`);
  if (hostname) ledger.keep('Host name', hostname.value, hostname, '"hostname":');
  if (readOnly) ledger.keep('Root filesystem', 'read-only', readOnly, '"readonly": true');
  if (capAdd ?? capDrop) ledger.keep('Capabilities', 'the very set', capAdd ?? capDrop, '"bounding":');
  if (noNewPrivileges) ledger.keep('No new privileges', 'set', noNewPrivileges, '"noNewPrivileges":');
  if (seccomp) ledger.keep('Seccomp filter', 'call by call', seccomp, '"seccomp":');
  for (const told of portable.mounts)
    ledger.keep('Mount', told.value.target, told, `"destination": ${JSON.stringify(told.value.target)}`);
}

function loseEngines({ ports, network, others, builtBy }: Portable, ledger: Ledger): void {
  for (const { value } of ports)
    ledger.lose(
      `Port ${value.inside}`,
      'a bundle knows no ports: engines publish them outside of the container',
    );
  if (!network) ledger.lose('The network', 'the engine set it up; the bundle’s namespace has loopback alone');
  for (const { value } of others)
    if (value.flag === '--restart') ledger.lose('--restart', 'somebody must watch over it to start it again');
  if (builtBy?.value === 'by-hand')
    ledger.lose('Built by hand', 'a runtime reads this config.json in one go');
}

/** The config without what was made for that one run on that one host. */
function carried(config: Config, ledger: Ledger): Config {
  const { hooks, annotations: _, ...rest } = config;
  if (isObject(hooks) && Object.keys(hooks).length > 0)
    ledger.lose('hooks', 'programs of the engine’s that set up its network, say');
  return {
    ...rest,
    process: processOf(config.process, ledger),
    root: { ...(isObject(config.root) ? config.root : {}), path: 'rootfs' },
    mounts: mountsOf(config.mounts, ledger),
    linux: linuxOf(config.linux, ledger),
  };
}

function processOf(process: unknown, ledger: Ledger): Config {
  const all = isObject(process) ? process : {};
  const { apparmorProfile, selinuxLabel, ...rest } = all;
  if (apparmorProfile || selinuxLabel)
    ledger.lose(
      `Profile ${apparmorProfile ?? selinuxLabel}`,
      'the engine had loaded it into the kernel of that host',
    );
  const unknown: string[] = [];
  const env = (wordList(all.env) ?? []).map((entry) => {
    const { name, value } = variableOf(entry);
    if (value === undefined) unknown.push(name);
    return `${name}=${value ?? 'FILL IN'}`;
  });
  if (unknown.length > 0)
    ledger.fill.push(
      `${unknown.join(', ')}: values of variables are not kept in a trace; they stand in config.json as FILL IN`,
    );
  return { ...rest, env };
}

const ENGINES_FILES = /^\/etc\/(hosts|hostname|resolv\.conf)$/;

function mountsOf(mounts: unknown, ledger: Ledger): readonly unknown[] {
  const all = Array.isArray(mounts) ? mounts.filter(isObject) : [];
  const engines = all.filter(({ destination }) => ENGINES_FILES.test(String(destination)));
  if (engines.length > 0)
    ledger.lose(
      engines.map(({ destination }) => String(destination)).join(', '),
      'files that the engine wrote for this one run',
    );
  return all.filter((one) => !engines.includes(one));
}

function linuxOf(linux: unknown, ledger: Ledger): Config {
  const { cgroupsPath, mountLabel: _, namespaces, ...rest } = isObject(linux) ? linux : {};
  if (filled(cgroupsPath))
    ledger.lose('cgroupsPath', 'it holds the id of that run; a runtime names one after its own id');
  const all = Array.isArray(namespaces) ? namespaces.filter(isObject) : [];
  const joined = all.filter(({ path }) => filled(path)).map(({ type }) => String(type));
  if (joined.length > 0)
    ledger.lose(
      `Joined namespaces: ${joined.join(', ')}`,
      'those of that run are gone; the bundle gets new ones of its own',
    );
  return { ...rest, namespaces: all.map(({ path: __, ...one }) => one) };
}

function script(portable: Portable, image: string): string {
  const reference = portable.image.reference?.value ?? '';
  const plain = isOnLoopback(reference) ? ' --src-tls-verify=false' : '';
  return `#!/bin/sh
# Fetches the root filesystem of this bundle${portable.image.digest ? ', by digest' : ''}: needs skopeo and umoci.
set -eu
cd "$(dirname "$0")"
test ! -e rootfs || { echo "rootfs is there already" >&2; exit 1; }
skopeo copy${plain} docker://${quoted(pinned(portable) ?? image)} oci:image:run
umoci raw unpack --image image:run rootfs
rm -r image
`;
}

function readme(ledger: Ledger, portable: Portable, use: string): string {
  const { head, tail } = ledger.comments(portable, 'An OCI bundle');
  return `${`${head}\n\n${tail}`.replace(/^# ?/gm, '').trimEnd()}\n\nTo run it:\n\n  ${use}\n`;
}

/** JSON with lists of plain values on one line each. */
function json(value: unknown): string {
  const lists = /\[\n\s+([^[\]{}]*?)\n\s+\]/g;
  // A string holds no line break of its own in JSON: what is joined is layout alone.
  const text = JSON.stringify(value, undefined, 2);
  return `${text.replace(lists, (_, inner: string) => `[${inner.replace(/\n\s+/g, ' ')}]`)}\n`;
}
