import { complain } from './cli/errors.ts';
import { main } from './cli/program.ts';

// A write to a pipe that its reader has closed is no mistake of ours: whoever writes hears of it and stops.
process.stderr.on('error', () => {});

// Whatever the mistake, the terminal is given back (on `exit`), and what is left of a run is cleaned up by the next start.
process.on('uncaughtException', (error) => {
  complain(error, process.stderr, 125);
  process.exit(125);
});

const code = await main(process.argv.slice(2), {
  streams: process,
  env: process.env,
  cwd: process.cwd(),
  uid: process.geteuid?.() ?? -1,
  // A command that is carried by a running agent needs none of this.
  openRuns: async (options) => (await import('./run/openRuns.ts')).openRuns(options),
});
process.exit(code);
