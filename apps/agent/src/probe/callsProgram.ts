import type { CallFragment, CallProbe } from './calls.ts';
import type { GoFunction, GoProgram } from './goSymbols.ts';
import { forVersion, type Program, rounds } from './program.ts';

/** A program to be probed: the file by a path that stays the same file, what is in it, and what is wanted of it. */
export interface CallTarget {
  file: string;
  program: GoProgram;
  fragments: readonly CallFragment[];
}

// runtime/internal: Go's register ABI (abi-internal.md), and the register that holds the goroutine.
const REGISTERS = {
  x64: { arguments: ['ax', 'bx', 'cx', 'di', 'si', 'r8', 'r9', 'r10', 'r11'], goroutine: 'r14' },
  arm64: { arguments: ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8'], goroutine: 'r28' },
} as const;

// A program in which a map is read and never written is refused: with some targets that would be so. A client that was killed
// leaves its marks behind, so those maps are emptied before they fill up.
const MAPS = `interval:s:3600 { ${['hc', 'hs', 'g', 'gs', 'cs', 't']
  .map((map) => `@${map}[pid, (uint64)0] = (uint64)0; delete(@${map}[pid, (uint64)0]);`)
  .join(' ')} clear(@hc); clear(@cs); }`;

/** Every function that the fragments speak of: what to look for in a program. */
export function functionsOf(fragments: readonly CallFragment[]): string[] {
  const names = fragments.flatMap(({ probes }) =>
    probes.flatMap((probe) => [
      probe.function,
      ...(probe.orElse ?? []),
      probe.with ?? '',
      probe.without ?? '',
    ]),
  );
  return [...new Set(names)].filter((name) => name !== '').sort();
}

/** The functions without which nothing of a fragment's kind can be seen in a program, and which it has not. */
export function missingFunctions(program: GoProgram, fragment: CallFragment): string[] {
  return fragment.needed.filter((name) => !program.functions.has(name));
}

/** Puts the fragments together into one program that probes all targets. Missing functions are passed over. */
export function buildCallsProgram(
  targets: readonly CallTarget[],
  { version, arch }: { version: readonly [number, number]; arch: 'x64' | 'arm64' },
): Program {
  const points = new Map<string, string[]>();
  for (const { file, program, fragments } of targets)
    for (const probe of fragments.flatMap(({ probes }) => probes)) {
      const found = functionIn(program, probe);
      if (!found) continue;
      const text = inRegisters(`${once(found)} ${probe.text}`, arch);
      points.set(text, [...(points.get(text) ?? []), `uprobe:${file}:0x${found.entry.toString(16)}`]);
    }
  const probes = [...points].map(([text, at]) => `${at.join(',\n')} { ${text} }`);
  return { text: forVersion([rounds(arch), MAPS, ...probes, ''].join('\n'), version), missing: [] };
}

function functionIn(program: GoProgram, probe: CallProbe): GoFunction | undefined {
  if (probe.with && !program.functions.has(probe.with)) return undefined;
  if (probe.without && program.functions.has(probe.without)) return undefined;
  const name = [probe.function, ...(probe.orElse ?? [])].find((one) => program.functions.has(one));
  return name === undefined ? undefined : program.functions.get(name);
}

// The function's own first question, in its own words: without room on the stack (stackguard0, at 16 in runtime.g) it will be
// begun again, and then it is told. Not so where stackguard0 is no address: this is how a goroutine is asked to let others run
// (stackPreempt), and whether it does so here, or at the signal that follows and then goes on from here, is not known yet.
function once({ stackNeed }: GoFunction): string {
  if (stackNeed === undefined) return '';
  return `$guard = *(uint64*)uptr(G + 16); if ($guard >> 48 == 0 && (uint64)reg("sp") - ${stackNeed} <= $guard) { return; }`;
}

function inRegisters(text: string, arch: 'x64' | 'arm64'): string {
  const { arguments: names, goroutine } = REGISTERS[arch];
  return text
    .replaceAll(/\bR([0-8])\b/g, (_, n) => `reg("${names[Number(n)]}")`)
    .replaceAll(/\bG\b/g, `reg("${goroutine}")`);
}
