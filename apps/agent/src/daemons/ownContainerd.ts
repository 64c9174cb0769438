import { existsSync } from 'node:fs';
import { type PrivateContainerd, startPrivateContainerd } from './privateContainerd.ts';
import { cleanPrivateEngine } from './privateEngineRemains.ts';

/** The one containerd of underdock’s own: for whoever commands containerd or its CRI plugin where none runs. */
export interface OwnContainerd {
  /** Started at the first call, and anew after it has died. Rejects as startPrivateContainerd does. */
  get(): Promise<PrivateContainerd>;
  /** Takes apart what an earlier agent’s has left; resolves with what was done, in words. */
  recover(): Promise<string[]>;
  /** Runs have to be over. */
  close(): Promise<void>;
}

/** What it is made with. */
export interface OwnContainerdOptions {
  folder: string;
  /** `HOST:PORT` of the loopback registry, and the name of the pause image in it; asked when they are needed. */
  pause: () => Promise<{ registry: string; image: string }>;
}

/** Keeps one private containerd in a folder; nothing is started yet. */
export function createOwnContainerd({ folder, pause }: OwnContainerdOptions): OwnContainerd {
  let going: Promise<PrivateContainerd> | undefined;
  let closing = false;
  /** The end of one that has died: the next must not begin before. */
  let tidying: Promise<unknown> = Promise.resolve();
  const start = async () => {
    await tidying;
    const { registry, image } = await pause();
    const own = await startPrivateContainerd({ folder, registry, pauseImage: image });
    void own.ended.then(() => {
      if (closing) return;
      going = undefined;
      tidying = own.close();
    });
    return own;
  };
  return {
    async get() {
      going ??= start();
      try {
        return await going;
      } catch (error) {
        going = undefined;
        throw error;
      }
    },
    recover: async () => (existsSync(folder) ? cleanPrivateEngine(folder) : []),
    async close() {
      closing = true;
      const own = await going?.catch(() => undefined);
      await own?.close();
      await tidying;
    },
  };
}
