import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What runs have in a daemon, a file for each, so that the next agent can take it away after a crash. */
export interface Entries<Entry extends { run: string }> {
  /** Writes one down, whole or not at all. */
  write(stateDir: string, entry: Entry): void;
  /** The run has nothing there any more. */
  remove(stateDir: string, run: string): void;
  /** Everything that was written down and not taken back; what makes no sense is left out. */
  read(stateDir: string): Entry[];
}

/** Entries below `folder` of a state folder, as `RUN.json`, or as `RUN/entry.json` where a run has further files there. */
export function entriesIn<Entry extends { run: string }>(
  folder: string,
  kind: 'file' | 'folder' = 'file',
): Entries<Entry> {
  const nameOf = (run: string) => (kind === 'file' ? `${run}.json` : join(run, 'entry.json'));
  return {
    write(stateDir, entry) {
      const file = join(stateDir, folder, nameOf(entry.run));
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    remove(stateDir, run) {
      rmSync(join(stateDir, folder, kind === 'file' ? `${run}.json` : run), { recursive: true, force: true });
    },
    read: (stateDir) =>
      namesIn(join(stateDir, folder)).flatMap((name) => {
        if (kind === 'file' && !name.endsWith('.json')) return [];
        const file = kind === 'file' ? name : join(name, 'entry.json');
        try {
          return [JSON.parse(readFileSync(join(stateDir, folder, file), 'utf8')) as Entry];
        } catch {
          return [];
        }
      }),
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
