import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type LayerWanted, openDisk } from '../disk/disk.ts';
import type { Run } from '../run/runs.ts';
import { send } from './body.ts';
import { Bucket } from './bucket.ts';
import { answerFor, firstIssue, problem } from './problem.ts';
import type { Methods, RouteOptions } from './routes.ts';

/** Reading files of the host: so many requests at once, so many a second in the long run. */
const READ_BURST = 120;
const READS_PER_SECOND = 20;

const querySchema = z.object({
  container: z
    .string()
    .regex(/^[a-zA-Z0-9][\w.-]{0,127}$/, 'must be a container’s id')
    .optional(),
  path: z.string().max(4096).default('/'),
});
const indexSchema = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number);

/** The routes that look into the layers of a run on this host’s disk: for the drive link alone. */
export function layerRoutes({ runs, stateDir }: RouteOptions): Record<string, Methods> {
  const disk = openDisk(stateDir);
  const reads = new Bucket(READ_BURST, READS_PER_SECOND);
  const guarded = (read: (run: Run, req: Request) => unknown): RequestHandler => {
    return async (req, res) => {
      if (res.locals.role !== 'drive') return send(res, driveOnly());
      if (!reads.take()) return send(res, tooFast());
      const run = runs.get(String(req.params.id));
      if (!run) return send(res, noRun());
      try {
        res.json(await read(run, req));
      } catch (error) {
        refuse(res, error);
      }
    };
  };
  const base = '/api/runs/:id/layers';
  return {
    [base]: { get: guarded((run, req) => disk.stack(run, query(req).container)) },
    [`${base}/:index/files`]: {
      get: guarded((run, req) => disk.files(wanted(run, req), query(req).path)),
    },
    [`${base}/:index/content`]: {
      get: guarded((run, req) => disk.content(wanted(run, req), query(req).path)),
    },
  };
}

function query(req: Request): z.output<typeof querySchema> {
  const parsed = querySchema.safeParse(req.query);
  if (parsed.success) return parsed.data;
  throw Object.assign(new Error(firstIssue(parsed.error)), { code: 'bad-request' });
}

function wanted(run: Run, req: Request): LayerWanted {
  const index = indexSchema.safeParse(req.params.index);
  if (!index.success) {
    throw Object.assign(new Error('the layer must be a number, 0 is the lowest'), { code: 'bad-request' });
  }
  return { run, container: query(req).container, index: index.data };
}

/** What must not be read is forbidden, whoever asks; anything else means what it means elsewhere. */
function refuse(res: Response, error: unknown): void {
  const { code } = (error ?? {}) as { code?: unknown };
  const forbidden = code === 'secret-file' || code === 'not-a-layer' || code === 'not-permitted';
  const answer = answerFor(error);
  if (answer.ours) throw error;
  send(res, forbidden ? { ...answer, status: 403 } : answer);
}

function driveOnly() {
  const remedy = 'use the drive link';
  return problem(403, 'drive-only', 'files of this host are not for an audience', remedy);
}

function tooFast() {
  const remedy = `wait a second: ${READS_PER_SECOND} a second can be read in the long run`;
  return problem(429, 'too-many-reads', 'files are read too fast', remedy);
}

function noRun() {
  const remedy = 'only runs of this agent can be looked into, not those of earlier ones';
  return problem(404, 'no-such-run', 'there is no such run', remedy);
}
