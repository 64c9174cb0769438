import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CgroupAbilities } from '../../bundle/cgroups.ts';
import { readCgroups } from '../../bundle/cgroups.ts';
import type { OciConfig } from '../../bundle/ociConfig.ts';
import { resolveInRootfs } from '../../bundle/rootfsFiles.ts';
import type { IdMappings } from '../../idMappings.ts';
import { ROOTFS_REMOVAL, rootfsLines } from '../rootfsScript.ts';
import type { ImageLayers } from '../runtime.ts';
import { beginningText, mapsRanges } from './beginning.ts';
import { planCgroups } from './cgroupSteps.ts';
import { lastCommand } from './lastCommand.ts';
import type { MountContext } from './mountSteps.ts';
import { planContainer, planPreparation, TOOLBOX } from './plan.ts';
import {
  type Quote,
  quoteAround,
  quoteWithVariables,
  type Step,
  shellQuote,
  stepText,
  withVariables,
} from './step.ts';
import { findTools, planToolbox } from './tools.ts';

/** Stands for the script's own folder while its words are put together. */
const WORK = '/underdock-by-hand';
const INIT = '/the/waiting/process';

const comment = (text: string): string => `# ${text.replaceAll('\n', ' ')}`;

/** Files of the bundle that mounts show: written by the script itself, since the bundle will be gone. */
async function bundleFiles(
  config: OciConfig,
  bundle: string,
): Promise<{ config: OciConfig; lines: string[] }> {
  const lines: string[] = [];
  const mounts = await Promise.all(
    config.mounts.map(async (mount) => {
      if (!mount.source.startsWith(`${bundle}/`)) return mount;
      const name = path.join(WORK, path.basename(mount.source));
      const text = await readFile(mount.source, 'utf8').catch(() => '');
      lines.push(`printf %s ${shellQuote(text)} > "$WORK"/${shellQuote(path.basename(mount.source))}`);
      return { ...mount, source: name };
    }),
  );
  return { config: { ...config, mounts }, lines };
}

/** A script keeps the terminal it runs in, and an ordinary user's makes the user namespace itself. */
function forScript(config: OciConfig, options: ScriptOptions): OciConfig {
  const own = options.userNamespace;
  const user = own && { uidMappings: own.uid, gidMappings: own.gid };
  const namespaces = own ? [{ type: 'user' }, ...config.linux.namespaces] : config.linux.namespaces;
  const linux = { ...config.linux, ...user, namespaces };
  return { ...config, process: { ...config.process, terminal: false }, linux };
}

function header(config: OciConfig, image: ImageLayers | undefined): string[] {
  return [
    '#!/bin/sh',
    '# A container made by hand: every step that underdock took, as commands of util-linux, coreutils and the shell.',
    '# What these commands can’t do is missing: the seccomp filter, and the device rules where cgroups are v2.',
    '# ROOTFS is the unpacked image; set it to use another tree.',
    'set -eu',
    // an ordinary user's PATH may lack these
    'PATH=$PATH:/usr/sbin:/sbin',
    'WORK=$(mktemp -d)',
    ...(image ? [] : [`ROOTFS=\${ROOTFS:-${shellQuote(config.root.path)}}`]),
    'init=',
    'exec 3<&0 4>&1 5>&2',
  ];
}

function ending(cgroups: readonly string[]): string[] {
  const removal = cgroups.map((folder) => `rmdir ${shellQuote(folder)} 2>/dev/null || true`);
  return [
    comment(
      'when this script ends, nothing is left: the mounts go with the namespace, the rest is removed here',
    ),
    'clean() {',
    '  [ -z "$init" ] || kill -KILL "$init" 2>/dev/null || true',
    '  wait || true',
    ...removal.map((line) => `  ${line}`),
    `  ${ROOTFS_REMOVAL}`,
    '  rm -rf "$WORK"',
    '}',
    'trap clean EXIT',
    'trap "exit 130" INT',
    'trap "exit 143" TERM',
  ];
}

function beginningLines(text: string): string[] {
  return [
    comment('join the cgroups, then go into new namespaces and wait there for a word on the pipe'),
    `sh -c ${text} &`,
    'waiter=$!',
    'while [ ! -s "$WORK/pid" ]; do kill -0 "$waiter" 2>/dev/null || exit 125; sleep 0.05; done',
    'init=$(cat "$WORK/pid")',
  ];
}

/** What the script is made for, where it differs from this host. */
export interface ScriptOptions {
  cgroup?: CgroupAbilities;
  /** The configuration counts on a user namespace that is held open around it: the script makes one of its own. */
  userNamespace?: IdMappings;
  /** Outlives the run, whose own root filesystem does not: the script makes another of it. */
  image?: ImageLayers;
}

/**
 * A complete sh script that makes and runs the same container: each command with its purpose as a comment. It needs the
 * rights that underdock has here, keeps its own files in a temporary folder, ends with the container's exit code (128 and
 * the signal's number where a signal ended it) and removes what it made. Environment values are in it as they are in `config`.
 */
export async function byHandScript(
  given: OciConfig,
  bundle: string,
  options: ScriptOptions = {},
): Promise<string> {
  const { tools } = await findTools();
  const toolbox = await planToolbox(tools, TOOLBOX);
  const cgroup = options.cgroup ?? (await readCgroups(process.geteuid?.() === 0));
  const { config, lines } = await bundleFiles(forScript(given, options), bundle);
  const quote = scriptQuote(config.root.path);
  // Where an ordinary user's container is made, the tree is outside of the user namespace that the script makes.
  const image = options.userNamespace ? undefined : options.image;
  const has = (type: string): boolean => config.linux.namespaces.some((one) => one.type === type);
  const cgroups = planCgroups(config, cgroup);
  const setgroups = !has('user') || mapsRanges(config);
  const last = lastCommand(config, toolbox, setgroups);
  const beginning = { config, work: WORK, joined: cgroups.joined, last, terminal: false, waitedFor: true };
  const context = {
    ...scriptPlaces(config, cgroup, has),
    tools,
    toolbox,
    work: WORK,
    pid: INIT,
    rootless: has('user'),
  };
  const text = (step: Step): string[] => [
    comment(step.why),
    stepText(step, { pid: INIT }, quote, quoteAround),
  ];
  const around: string[] = [];
  for await (const step of planContainer(context)) around.push(...text(step));
  const script = [
    ...header(config, image),
    ...ending(cgroups.joined),
    ...(image ? rootfsLines(image) : []),
    ...lines,
    ...[...planPreparation(WORK, toolbox), ...cgroups.steps].flatMap(text),
    ...beginningLines(quoteAround(beginningText(beginning, quote, shellQuote))),
    ...around,
    comment('let the waiting process go: it becomes the container’s own'),
    'echo go > "$WORK/go"',
    'code=0; wait "$waiter" || code=$?',
    'exit "$code"',
    '',
  ].join('\n');
  return withVariables(script);
}

function scriptQuote(root: string): Quote {
  return quoteWithVariables(
    new Map([
      [root, 'ROOTFS'],
      [WORK, 'WORK'],
      [INIT, 'init'],
    ]),
  );
}

function scriptPlaces(
  config: OciConfig,
  cgroup: CgroupAbilities,
  has: (type: string) => boolean,
): MountContext {
  return {
    config,
    cgroup,
    has,
    inside: has('user') ? ['user', 'mount'] : ['mount'],
    place: async (inner) => (inner === '/' ? config.root.path : resolveInRootfs(config.root.path, inner)),
    // another tree may be given to the script, so it makes every place
    exists: async () => false,
    isFolder: async (source) =>
      source.startsWith(WORK) ? false : ((await stat(source).catch(() => undefined))?.isDirectory() ?? true),
  };
}
