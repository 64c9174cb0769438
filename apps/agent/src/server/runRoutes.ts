import { runIdSchema, runRequestSchema } from '@underdock/trace';
import type { Request } from 'express';
import { z } from 'zod';
import type { Run, Runs } from '../run/runs.ts';
import { parseBody, send } from './body.ts';
import { Bucket } from './bucket.ts';
import { problem } from './problem.ts';
import type { Methods, RouteOptions } from './routes.ts';

/** Starting runs: so many at once, so many a second in the long run. */
const RUN_BURST = 60;
const RUNS_PER_SECOND = 2;

const stopSchema = z.strictObject({
  signal: z
    .string()
    .regex(/^(SIG)?[A-Z0-9+-]{1,12}$|^\d{1,2}$/, 'must be a signal such as SIGTERM or 15')
    .optional(),
  graceMs: z.int().min(0).max(600_000).optional(),
});

/** The routes that start, show, stop, release and remove runs. */
export function runRoutes({ runs, rawOutputs, library }: RouteOptions): Record<string, Methods> {
  const starts = new Bucket(RUN_BURST, RUNS_PER_SECOND);
  return {
    '/api/runs': {
      get: (_req, res) => void res.json(runs.list()),
      post: async (req, res) => {
        const request = parseBody(runRequestSchema, req);
        if (!starts.take()) {
          const remedy = `wait a second: ${RUNS_PER_SECOND} a second can be started in the long run`;
          return send(res, problem(429, 'too-many-runs', 'runs are started too fast', remedy));
        }
        const run = await runs.start(request, originOf(req));
        if (isCommandLine(req)) rawOutputs.keep(run);
        res.status(201).location(`runs/${run.id}`).json({ id: run.id });
      },
    },
    '/api/runs/:id': {
      get: (req, res) => void res.json(find(runs, req).summary()),
      delete: async (req, res) => {
        // Runs of earlier agents have no Run any more, but what they kept can still be removed.
        const id = runIdSchema.safeParse(req.params.id);
        if (!id.success) throw noSuchRun();
        await runs.remove(id.data);
        await library?.remove(id.data).catch(passOver);
        res.status(204).end();
      },
    },
    '/api/runs/:id/stop': {
      post: async (req, res) => {
        const run = find(runs, req);
        await run.stop(parseBody(stopSchema, req));
        res.json(run.summary());
      },
    },
    '/api/runs/:id/release': {
      post: (req, res) => {
        const run = find(runs, req);
        if (run.summary().state !== 'held') {
          const remedy = 'only a run that waits between create and start can be released';
          return send(res, problem(409, 'not-held', 'this run is not held', remedy));
        }
        run.release('http');
        res.json(run.summary());
      },
    },
  };
}

/** Whose trace is in the trash already is removed all the same. */
function passOver(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'no-such-trace') throw error;
}

/** Throws an error that is answered with 404. */
function find(runs: Runs, req: Request): Run {
  const run = runs.get(String(req.params.id));
  if (run) return run;
  throw noSuchRun();
}

function noSuchRun(): Error {
  return Object.assign(new Error('there is no such run'), { code: 'no-such-run' });
}

/** Browsers say where a request comes from and can't leave it out; our command line says that it is one. */
function originOf(req: Request): 'cli' | 'page' | 'http' {
  if (req.headers.origin !== undefined || req.headers['sec-fetch-site'] !== undefined) return 'page';
  return isCommandLine(req) ? 'cli' : 'http';
}

function isCommandLine(req: Request): boolean {
  return req.headers['x-underdock-client'] === 'cli';
}
