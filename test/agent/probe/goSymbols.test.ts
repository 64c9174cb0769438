import {
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ProbeError } from '../../../apps/agent/src/probe/error.ts';
import { BinaryFile } from '../../../apps/agent/src/probe/go/binaryFile.ts';
import { readElf } from '../../../apps/agent/src/probe/go/elf.ts';
import { findFunctions, readGoProgram } from '../../../apps/agent/src/probe/goSymbols.ts';
import { house } from '../../structure/house.ts';

// Programs in Go out of npm packages, stripped, each built by another Go.
const PROGRAMS = [
  { name: 'go-1.18-x64', arch: 'x64', version: /^go1\.18\./ },
  { name: 'go-1.20-arm64', arch: 'arm64', version: /^go1\.20\./ },
  { name: 'go-1.23-x64', arch: 'x64', version: /^go1\.23\./ },
  { name: 'go-1.26-arm64', arch: 'arm64', version: undefined },
  { name: 'go-1.26-x64', arch: 'x64', version: undefined },
] as const;
const pathOf = (name: string) => join(house, 'node_modules', name, 'bin/esbuild');
const folder = mkdtempSync(join(tmpdir(), 'underdock-go-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SERVE = 'net/http.serverHandler.ServeHTTP';
const VENDORED = 'golang.org/x/text/unicode/norm.nextMulti';
const START = { x64: '_rt0_amd64_linux', arm64: '_rt0_arm64_linux' } as const;

describe.each(PROGRAMS)('a program of $name', ({ name, arch, version }) => {
  const path = pathOf(name);
  const bytes = readFileSync(path);

  it('begins where its ELF header says', async () => {
    const found = await findFunctions(path, [START[arch]]);
    expect(found.get(START[arch])).toBe(Number(bytes.readBigUInt64LE(24)));
  });

  it('is told with its architecture and the Go that built it, where it says so', async () => {
    const program = await readGoProgram(path, [SERVE]);
    expect(program.arch).toBe(arch);
    if (version) expect(program.goVersion).toMatch(version);
    else expect(program.goVersion).toBeUndefined();
  });

  it('shows how a function asks for room on the stack', async () => {
    const { functions } = await readGoProgram(path, [SERVE, 'runtime.goexit']);
    expect(functions.get(SERVE)?.stackNeed).toBeGreaterThanOrEqual(0);
    expect(functions.get('runtime.goexit')).toEqual({ entry: expect.any(Number) });
  });

  it('has its libraries found under a vendor folder, and by whole names only', async () => {
    const found = await findFunctions(path, [VENDORED, VENDORED.slice(4), 'ServeHTTP', 'main.absent']);
    expect([...found.keys()]).toEqual([VENDORED]);
  });
});

describe('a program for x86-64', () => {
  it.each(['go-1.18-x64', 'go-1.23-x64', 'go-1.26-x64'])(
    'of %s jumps where the next function is found',
    async (name) => {
      const found = await findFunctions(pathOf(name), ['_rt0_amd64_linux', '_rt0_amd64']);
      const entry = found.get('_rt0_amd64_linux') ?? 0;
      const file = await BinaryFile.open(pathOf(name));
      const segment = (await readElf(file)).segments.find((one) => one.executable);
      const code = await file.read(entry - (segment?.address ?? 0) + (segment?.offset ?? 0), 5);
      await file.close();
      // jmp rel32
      expect(code[0]).toBe(0xe9);
      expect(entry + 5 + code.readInt32LE(1)).toBe(found.get('_rt0_amd64'));
    },
  );
});

describe('a file that is no whole Go program', () => {
  const refuses = async (path: string, why: RegExp) => {
    const error = await findFunctions(path, [SERVE]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProbeError);
    expect((error as ProbeError).code).toBe('unknown-build');
    expect((error as ProbeError).message).toMatch(why);
  };
  const written = (name: string, text: string | Buffer) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('is refused with the reason', async () => {
    await refuses(join(folder, 'absent'), /ENOENT/);
    await refuses(folder, /is not a file/);
    await refuses(written('empty', ''), /too short/);
    await refuses(written('script', `#!/bin/sh\n${'exit 0\n'.repeat(20)}`), /no ELF program/);
    await refuses(process.execPath, /no function table of Go/);
  });

  it('is refused wherever it was cut', async () => {
    const path = join(folder, 'cut');
    copyFileSync(pathOf('go-1.26-x64'), path);
    // The tables end before the last tenth, which holds data.
    for (const part of [0.6, 0.55, 0.4, 0.1, 0.001]) {
      truncateSync(path, Math.floor(readFileSync(pathOf('go-1.26-x64')).length * part));
      await refuses(path, /can’t be looked into/);
    }
  });

  it('is read to an answer or refused, whatever stands in it', async () => {
    const path = join(folder, 'hostile');
    copyFileSync(pathOf('go-1.26-x64'), path);
    const whole = readFileSync(path);
    const table = whole.indexOf(Buffer.from([0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8]));
    const fd = openSync(path, 'r+');
    let seed = 1;
    const random = (most: number) => {
      seed = (seed * 48271) % 0x7fffffff;
      return seed % most;
    };
    const words = [0n, 1n, 0xffffffffn, 0x7fffffffffffffffn, 0xffffffffffffffffn, BigInt(whole.length)];
    let refused = 0;
    for (let n = 0; n < 150; n++) {
      const at =
        n % 3 === 0 ? random(64 + 56 * 8) : n % 3 === 1 ? table + random(72) : table + random(2_000_000);
      const bad = Buffer.alloc(8);
      bad.writeBigUInt64LE(words[random(words.length)] ?? 0n);
      writeSync(fd, bad, 0, 8, at);
      const error = await findFunctions(path, [SERVE]).catch((thrown: unknown) => thrown);
      if (error instanceof Map) expect(error.size).toBeLessThanOrEqual(1);
      else expect(error).toBeInstanceOf(ProbeError);
      if (error instanceof ProbeError) refused += 1;
      writeSync(fd, whole, at, 8, at);
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe('a program that was looked into', () => {
  it('is known again by its build id, wherever it lies', async () => {
    const path = join(folder, 'copy');
    copyFileSync(pathOf('go-1.23-x64'), path);
    const first = await readGoProgram(pathOf('go-1.23-x64'), [SERVE]);
    const second = await readGoProgram(path, [SERVE]);
    expect(first.buildId).toMatch(/^[\w/-]{20,}$/);
    if (process.getuid?.() === 0) expect(second).toBe(first);
    else expect(second).toEqual(first);
  });

  it('names the modules in it with their versions', async () => {
    const { modules } = await readGoProgram(pathOf('go-1.23-x64'), [SERVE]);
    expect(modules.get('golang.org/x/sys')).toMatch(/^v0\.\d/);
    expect(modules.has('github.com/evanw/esbuild')).toBe(true);
  });
});
