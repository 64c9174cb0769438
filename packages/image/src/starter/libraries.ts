import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ElfNeeds, readElf } from './elf.ts';

/** A host file and the path that it has in the image. */
export interface HostFile {
  /** Where it will be looked for: by the kernel, or by the dynamic loader. */
  path: string;
  /** The file itself, links resolved. */
  source: string;
}

/** Finds what a program needs to start, by the dynamic loader’s own rules (ld.so(8)), without running anything. */
export class Libraries {
  readonly #root: string;
  readonly #folders: string[];
  readonly #default: string[];
  /** `root`: where the host’s files are seen from; `/` but in tests. */
  constructor(root = '/') {
    this.#root = root;
    this.#default = this.#defaultFolders();
    this.#folders = [
      ...new Set([...this.#default, ...this.#configured('/etc/ld.so.conf', 0), ...this.#muslFolders()]),
    ];
  }

  /**
   * The loader and all libraries of a program, in order of finding; empty for a static one or a script. Undefined when
   * one is missing: such a program would not start here either.
   */
  closure(program: string): HostFile[] | undefined {
    const source = this.real(program);
    const elf = source === undefined ? undefined : readElf(source);
    if (source === undefined || !elf) return [];
    const found = new Map<string, HostFile>();
    if (elf.interpreter !== undefined) {
      const loader = this.real(elf.interpreter);
      if (loader === undefined) return undefined;
      found.set(elf.interpreter, { path: elf.interpreter, source: loader });
    }
    const waiting: { elf: ElfNeeds; from: string; runPath: string[] }[] = [
      { elf, from: source, runPath: elf.runPath },
    ];
    for (let next = waiting.pop(); next; next = waiting.pop())
      for (const name of next.elf.needed) {
        if (this.#isLoader(name, elf.interpreter)) continue;
        const file = this.#find(name, next, elf.kind);
        if (!file) return undefined;
        if (found.has(file.path)) continue;
        found.set(file.path, file);
        const inner = readElf(file.source);
        if (inner)
          waiting.push({ elf: inner, from: file.source, runPath: [...inner.runPath, ...next.runPath] });
      }
    return [...found.values()];
  }

  /** The file that a path leads to, seen from the root; undefined if there is none. */
  real(path: string): string | undefined {
    try {
      const real = realpathSync(join(this.#root, path));
      return statSync(real).isFile() ? real : undefined;
    } catch {
      return undefined;
    }
  }

  /** With musl the loader is the C library itself. */
  #isLoader(name: string, interpreter: string | undefined): boolean {
    if (interpreter === undefined) return false;
    return (
      interpreter.endsWith(`/${name}`) || (name.startsWith('libc.musl-') && interpreter.includes('ld-musl-'))
    );
  }

  #find(name: string, by: { from: string; runPath: string[] }, kind: string): HostFile | undefined {
    if (name.includes('/')) return this.#candidate(name, kind);
    const own = by.runPath.map((path) => path.replace(/\$\{?ORIGIN\}?/g, dirname(by.from)));
    for (const folder of [...own.filter((path) => path.startsWith('/')), ...this.#folders]) {
      const file = this.#candidate(join(folder, name), kind);
      if (file) return own.includes(folder) ? file : { ...file, path: join(this.#home(folder), name) };
    }
    return undefined;
  }

  /** The image has no loader cache: what only ld.so.conf knows moves to a folder that the loader looks in anyway. */
  #home(folder: string): string {
    return this.#default.includes(folder) ? folder : (this.#default[0] ?? folder);
  }

  #candidate(path: string, kind: string): HostFile | undefined {
    const source = this.real(path);
    return source !== undefined && readElf(source)?.kind === kind ? { path, source } : undefined;
  }

  /** Compiled into the loader: glibc’s, and Debian’s multi-architecture folders, which exist only there. */
  #defaultFolders(): string[] {
    const multi = ['/lib', '/usr/lib'].flatMap((folder) =>
      this.#names(folder)
        .filter((name) => /^[a-z0-9_]+-linux-(gnu|musl)[a-z0-9]*$/.test(name))
        .map((name) => `${folder}/${name}`),
    );
    const plain = ['/lib64', '/usr/lib64', '/lib', '/usr/lib'].filter(
      (folder) => this.#names(folder).length > 0,
    );
    return [...multi, ...plain];
  }

  #muslFolders(): string[] {
    const configs = this.#names('/etc').filter((name) => /^ld-musl-.*\.path$/.test(name));
    return configs
      .flatMap((name) => this.#text(`/etc/${name}`).split(/[:\n]/))
      .filter((path) => path.startsWith('/'));
  }

  #configured(path: string, depth: number): string[] {
    if (depth > 4) return [];
    const folders: string[] = [];
    for (const line of this.#text(path).split('\n')) {
      const words = line.replace(/#.*/, '').trim();
      const include = /^include\s+(.*)$/.exec(words)?.[1];
      if (include === undefined) {
        if (words.startsWith('/')) folders.push(words);
        continue;
      }
      const folder = dirname(join(dirname(path), include)).replace(/^.*(?=\/etc\/)/, '');
      const full = include.startsWith('/') ? dirname(include) : folder;
      for (const name of this.#names(full).sort())
        if (name.endsWith('.conf')) folders.push(...this.#configured(`${full}/${name}`, depth + 1));
    }
    return folders;
  }

  #names(folder: string): string[] {
    try {
      return readdirSync(join(this.#root, folder));
    } catch {
      return [];
    }
  }

  #text(path: string): string {
    try {
      return readFileSync(join(this.#root, path), 'utf8');
    } catch {
      return '';
    }
  }
}
