import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedError } from '../error.ts';
import type { BuiltConfig } from './config.ts';

/**
 * Writes config.json and the files it refers to into `bundle` (mode 0700, made where missing); resolves with the path of
 * config.json. Rejects with EmbeddedError when the disk does not take it.
 */
export async function writeBundle(built: BuiltConfig, bundle: string): Promise<string> {
  const config = path.join(bundle, 'config.json');
  try {
    await mkdir(bundle, { recursive: true, mode: 0o700 });
    for (const file of built.files) {
      await mkdir(path.dirname(file.path), { recursive: true, mode: 0o755 });
      await writeFile(file.path, file.text, { mode: 0o644 });
    }
    await writeFile(config, `${JSON.stringify(built.config, undefined, 2)}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new EmbeddedError('bundle', `can’t write the bundle: ${(cause as Error).message}`, {
      remedy: `make room in, or give write access to, ${path.dirname(bundle)}`,
      cause,
    });
  }
  return config;
}
