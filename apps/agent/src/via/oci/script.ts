import { readFile } from 'node:fs/promises';
import { basename, dirname, posix, relative } from 'node:path';
import type { OciConfig } from '../embedded/bundle/ociConfig.ts';
import { shellQuote } from '../embedded/lowLevel/byHand/step.ts';
import { ROOTFS_REMOVAL, rootfsLines } from '../embedded/lowLevel/rootfsScript.ts';
import type { BundleToRun, LowLevelRuntime } from '../embedded/lowLevel/runtime.ts';
import { prettyJson } from './prettyJson.ts';

/** Stand for what only the script knows; sed puts it in. */
const ID = '@ID@';
const ROOTFS = '@ROOTFS@';
const BUNDLE = '@BUNDLE@';

/** A file of the bundle that a mount shows. */
interface BundleText {
  /** Below the bundle's folder. */
  path: string;
  text: string;
}

/**
 * One shell script that makes and runs the same container with the same runtime: root filesystem, config.json, create,
 * state, start, and at the end state and delete. It needs the rights that underdock has here, keeps its files in a
 * temporary folder and removes what it made. It ends with the container's exit code where there is perl, which takes a
 * shim's place; `root` = run by root, else it makes a user namespace around itself.
 */
export async function ociScript(work: BundleToRun, runtime: LowLevelRuntime, root: boolean): Promise<string> {
  const files = await bundleTexts(work);
  const lines = [
    ...header(runtime),
    ...(root ? [] : userNamespace()),
    ...shim(),
    ...ending(),
    ...(work.image
      ? rootfsLines(work.image, !root)
      : [`ROOTFS=\${ROOTFS:-${shellQuote(work.config.root.path)}}`]),
    ...bundleLines(work, files),
    ...steps(),
  ];
  return `${lines.join('\n')}\n`;
}

async function bundleTexts({ config, bundle }: BundleToRun): Promise<BundleText[]> {
  const sources = config.mounts.map(({ source }) => source).filter((one) => one?.startsWith(`${bundle}/`));
  return Promise.all(
    sources.map(async (source) => ({
      path: relative(bundle, source),
      text: await readFile(source, 'utf8').catch(() => ''),
    })),
  );
}

function header({ name, version, program }: LowLevelRuntime): string[] {
  const hide = program?.hideUnified;
  const call = '"$RUNTIME" --root "$WORK/state"';
  return [
    '#!/bin/sh',
    `# A container on bare ${basename(name)} ${version}: no engine, no high-level runtime. Every step is one that you can type.`,
    '# RUNTIME is the OCI runtime, ROOTFS an unpacked image: set them to use others. What this script says itself goes to stderr.',
    'set -eu',
    'PATH=$PATH:/usr/sbin:/sbin',
    `RUNTIME=\${RUNTIME:-${shellQuote(program?.path ?? name)}}`,
    ...(hide === undefined
      ? [`oci() { ${call} "$@"; }`]
      : [
          '# this runtime refuses hybrid cgroups: in a mount namespace of its own the v2 hierarchy is hidden from it',
          `oci() { unshare -m sh -c 'umount ${hide}; exec "$@"' sh ${call} "$@"; }`,
        ]),
  ];
}

/** An ordinary user is root in a user namespace; the mounts of this script are made in a mount namespace beside it. */
function userNamespace(): string[] {
  return [
    '# an ordinary user becomes root in a user namespace, where mounts are permitted',
    `if [ -z "\${INSIDE-}" ]; then`,
    '  INSIDE=yes; export INSIDE',
    '  exec unshare --user --map-root-user --mount --propagation private sh "$0" "$@"',
    'fi',
  ];
}

/** prctl(2), PR_SET_CHILD_SUBREAPER; its number by architecture. */
const SHIM_PERL = [
  'my $nr = {x86_64 => 157, aarch64 => 167}->{`uname -m` =~ s/\\s+//r};',
  'syscall($nr, 36, 1, 0, 0, 0) if $nr;',
  'my $sh = fork; if ($sh == 0) { exec "sh", @ARGV }',
  'for my $s (qw(INT TERM HUP)) { $SIG{$s} = sub { kill $s => $sh } }',
  'my %end; while (!exists $end{$sh}) { my $pid = wait; $end{$pid} = $? if $pid > 0; last if $pid < 0 && $! != 4 }',
  'open my $f, "<", $ENV{SHIM}; my $init = <$f> // ""; chomp $init; unlink $ENV{SHIM};',
  'my $raw = $end{$sh} ? $end{$sh} : $end{$init} // 0;',
  'exit($raw & 127 ? 128 + ($raw & 127) : $raw >> 8);',
];

function shim(): string[] {
  return [
    '# A shell learns how its own children end. The container’s process is none: `create` made it, and has ended. containerd',
    '# has a shim for that. Here perl is one, if it is there: what loses its parent becomes its child (prctl(2)).',
    `if [ -z "\${SHIM-}" ] && [ -f "$0" ] && command -v perl >/dev/null; then`,
    '  SHIM=$(mktemp); export SHIM',
    "  exec perl -e '",
    ...SHIM_PERL.map((line) => `    ${line}`),
    '  \' "$0" "$@"',
    'fi',
  ];
}

function ending(): string[] {
  return [
    'WORK=$(mktemp -d)',
    `ID=\${ID:-underdock-$$}`,
    '# whatever happens: nothing is left when this script ends',
    'clean() {',
    '  oci delete --force "$ID" >/dev/null 2>&1 || true',
    `  ${ROOTFS_REMOVAL}`,
    '  rm -rf "$WORK"',
    '}',
    'trap clean EXIT',
    'trap "exit 130" INT',
    'trap "exit 143" TERM',
  ];
}

function bundleLines(work: BundleToRun, files: readonly BundleText[]): string[] {
  const folders = [...new Set(files.map(({ path }) => dirname(path)))].filter((one) => one !== '.');
  const made = ['"$WORK/bundle"', ...folders.map((one) => `"$WORK/bundle/"${shellQuote(one)}`)];
  return [
    '# the bundle: a folder with config.json, and beside it the files that its mounts show',
    `mkdir -p ${made.join(' ')}`,
    ...files.map(({ path, text }) => `printf %s ${shellQuote(text)} > "$WORK/bundle/"${shellQuote(path)}`),
    `sed -e "s|${ID}|$ID|g" -e "s|${ROOTFS}|$ROOTFS|g" -e "s|${BUNDLE}|$WORK/bundle|g" > "$WORK/bundle/config.json" <<'CONFIG'`,
    prettyJson(portable(work)),
    'CONFIG',
  ];
}

/** The configuration with the script's own places; it keeps the terminal that it runs in. */
function portable({ config, bundle }: BundleToRun): OciConfig {
  const { cgroupsPath, ...linux } = config.linux;
  const parent = cgroupsPath === undefined ? undefined : posix.dirname(posix.dirname(cgroupsPath));
  return {
    ...config,
    process: { ...config.process, terminal: false },
    root: { ...config.root, path: ROOTFS },
    mounts: config.mounts.map((mount) =>
      mount.source?.startsWith(`${bundle}/`)
        ? { ...mount, source: BUNDLE + mount.source.slice(bundle.length) }
        : mount,
    ),
    linux: parent === undefined ? linux : { ...linux, cgroupsPath: posix.join(parent, ID) },
  };
}

function steps(): string[] {
  return [
    '# create: namespaces, cgroups and mounts are made, and a process waits in them',
    'oci create --bundle "$WORK/bundle" --pid-file "$WORK/pid" "$ID"',
    `[ -z "\${SHIM-}" ] || { cat "$WORK/pid"; echo; } > "$SHIM"`,
    'oci state "$ID" >&2',
    '# start: the waiting process becomes the program',
    'oci start "$ID"',
    '# its end: nobody tells a shell of it, so look whether the process is still there',
    'while kill -0 "$(cat "$WORK/pid")" 2>/dev/null; do sleep 0.05; done',
    'oci state "$ID" >&2',
    '# delete: cgroups and the runtime’s notes are removed',
    'oci delete "$ID"',
  ];
}
