import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BinaryFile } from '../../apps/agent/src/probe/go/binaryFile.ts';
import { readElf, word } from '../../apps/agent/src/probe/go/elf.ts';
import { readGoProgram } from '../../apps/agent/src/probe/goSymbols.ts';
import { findProgram } from '../../apps/agent/src/programs.ts';

// Debian builds them with cgo, stripped, the engine and the client as position-independent programs.
// Where daemons are not installed `npm test` has unpacked Debian’s packages.
const PLACES = `/usr/bin:/usr/sbin:${resolve('test/.work/daemons/usr/bin')}:${resolve('test/.work/daemons/usr/sbin')}`;
const INSTALLED = ['dockerd', 'containerd', 'ctr', 'docker', 'containerd-shim-runc-v2', 'runc'].flatMap(
  (name) => findProgram(name, PLACES) ?? [],
);
const MAIN = 'main.main';

/** Addresses by name out of the symbol tables that the linker left, which the finder does not look at. */
async function symbols(path: string): Promise<Map<string, number>> {
  const file = await BinaryFile.open(path);
  const { sections } = await readElf(file);
  await file.close();
  const bytes = readFileSync(path);
  const found = new Map<string, number>();
  for (const [table, strings] of [
    ['.dynsym', '.dynstr'],
    ['.symtab', '.strtab'],
  ]) {
    const [entries, names] = [table, strings].map((name) => sections.find((one) => one.name === name));
    if (!entries || !names) continue;
    // Elf64_Sym: st_name 4 bytes, st_value at 8, 24 bytes in all
    for (let at = entries.offset; at < entries.offset + entries.size; at += 24) {
      const start = names.offset + bytes.readUInt32LE(at);
      const value = word(bytes, at + 8);
      if (value > 0) found.set(bytes.toString('latin1', start, bytes.indexOf(0, start)), value);
    }
  }
  return found;
}

describe.each(INSTALLED)('%s', (path) => {
  it('has its functions where the linker says, for those that it says', async () => {
    const said = await symbols(path);
    const names = [...said.keys()].filter((name) =>
      /^(crosscall2|_cgo_panic|_cgo_topofstack|runtime\.\w+|main\.\w+)$/.test(name),
    );
    const { functions } = await readGoProgram(path, [MAIN, ...names]);
    // Of a function in assembly the linker names the wrapper for Go: those do not ask for room on the stack.
    const both = names.filter(
      (name) => name === 'crosscall2' || functions.get(name)?.stackNeed !== undefined,
    );
    expect(both.map((name) => [name, functions.get(name)?.entry])).toEqual(
      both.map((name) => [name, said.get(name)]),
    );
    if (said.has('crosscall2')) expect(both).toContain('crosscall2');
  });

  it('says which Go built it, and has a build id and a beginning', async () => {
    const { goVersion, buildId, functions } = await readGoProgram(path, [MAIN]);
    expect(goVersion).toMatch(/^go1\.\d+/);
    expect(buildId).toMatch(/^[0-9a-f]{40}$|\//);
    expect(functions.get(MAIN)?.entry).toBeGreaterThan(0);
  });
});

it('there is an engine of Debian’s to look into', () => {
  expect(INSTALLED.length).toBeGreaterThanOrEqual(4);
});
