import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled once, not at each start: in this house's own folder, which nobody but its owner can write to.
enableCompileCache(join(import.meta.dirname, '..', '..', '..', '.tools', 'compile-cache'));
await import('./start.ts');
