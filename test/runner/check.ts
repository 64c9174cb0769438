import { call } from './process.ts';

/** Types and lint over the whole house; true when both are clean. */
export async function check(): Promise<boolean> {
  console.log('types …');
  const types = await call('node_modules/.bin/tsc', ['-p', '.']);
  console.log('lint …');
  const lint = await call('node_modules/.bin/biome', ['check', '--error-on-warnings', '.']);
  return types === 0 && lint === 0;
}
