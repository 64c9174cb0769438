import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { runIdSchema, traceNoteChangeSchema, trashEntrySchema } from '@underdock/trace';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import { LibraryError } from '../library/error.ts';
import { MOST_IMPORTED_BYTES } from '../library/importTrace.ts';
import type { Library } from '../library/library.ts';
import { parseBody, send } from './body.ts';
import { firstIssue, problem } from './problem.ts';
import type { Methods, RouteOptions } from './routes.ts';

const querySchema = z.object({
  q: z.string().max(500).default(''),
  tag: z
    .union([z.string(), z.array(z.string())])
    .transform((tags) => (typeof tags === 'string' ? [tags] : tags))
    .pipe(z.array(z.string().max(100)).max(20))
    .default([]),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
const importSchema = z.object({ name: z.string().max(300).default('a file without a name') });

/** The routes of the library. Looking and downloading is for both links, everything else for the drive link. */
export function libraryRoutes({ library, runs }: RouteOptions): Record<string, Methods> {
  if (!library) return {};
  return {
    '/api/library': {
      get: async (req, res) => {
        const { q, tag, limit, offset } = parseQuery(querySchema, req);
        res.json(await library.find({ text: q, tags: tag, limit, offset }));
      },
      post: takeIn(library),
    },
    '/api/library/:id': {
      get: async (req, res) => void res.json(await library.get(idOf(req))),
      patch: async (req, res) =>
        void res.json(await library.describe(idOf(req), parseBody(traceNoteChangeSchema, req))),
      delete: async (req, res) => void res.json({ trash: await library.remove(idOf(req)) }),
    },
    '/api/library/:id/file': {
      get: async (req, res) => {
        const entry = await library.get(idOf(req));
        const file = await runs.traceFile(entry.id);
        if (!file) throw new LibraryError('no-such-trace', `there is no trace ${entry.id} in the library`);
        res.setHeader('Content-Type', 'application/gzip');
        res.setHeader('Content-Disposition', `attachment; filename="${downloadName(entry)}"`);
        // Who goes away in the middle has ended it: there is nobody left to be told.
        await pipeline(createReadStream(file), createGzip(), res).catch(() => res.destroy());
      },
    },
    ...trashRoutes(library),
  };
}

function trashRoutes(library: Library): Record<string, Methods> {
  return {
    '/api/trash': {
      get: async (_req, res) => void res.json(await library.trash()),
      delete: async (_req, res) => {
        await library.empty();
        res.status(204).end();
      },
    },
    '/api/trash/:key': {
      delete: async (req, res) => {
        await library.empty(keyOf(req));
        res.status(204).end();
      },
    },
    '/api/trash/:key/restore': {
      post: async (req, res) => void res.json({ id: await library.restore(keyOf(req)) }),
    },
  };
}

function takeIn(library: Library): RequestHandler {
  return async (req, res) => {
    const { name } = parseQuery(importSchema, req);
    if (Number(req.headers['content-length'] ?? 0) > MOST_IMPORTED_BYTES) {
      res.setHeader('Connection', 'close');
      const message = `the file is larger than ${MOST_IMPORTED_BYTES / 1024 / 1024} MiB`;
      return send(res, problem(413, 'too-large', message));
    }
    try {
      // Whoever is refused in the middle of it is to read why: the rest of what he sends is let pass.
      const chunks = req.iterator({ destroyOnReturn: false });
      res.status(201).json(await library.import(chunks, plainName(name)));
    } finally {
      req.resume();
    }
  };
}

/** Whether a request brings a file, which is read as it comes and not as JSON. */
export function bringsFile(req: Request): boolean {
  return req.method === 'POST' && /^\/library\/?$/.test(req.path);
}

function parseQuery<S extends z.ZodType>(schema: S, req: Request): z.output<S> {
  const parsed = schema.safeParse(req.query);
  if (parsed.success) return parsed.data;
  throw Object.assign(new Error(firstIssue(parsed.error)), { code: 'bad-request' });
}

function idOf(req: Request): string {
  const id = runIdSchema.safeParse(req.params.id);
  if (id.success) return id.data;
  throw new LibraryError('no-such-trace', 'there is no such trace in the library');
}

function keyOf(req: Request): string {
  const key = trashEntrySchema.shape.key.safeParse(req.params.key);
  if (key.success) return key.data;
  throw new LibraryError('no-such-trace', 'there is no such trace in the trash');
}

/** A name that any file system takes, made of the title: `docker-run-nginx-1f2e3d4c5b6a.chain.gz`. */
function downloadName(entry: { id: string; title: string; ownTitle: string }): string {
  const words = (entry.title || entry.ownTitle)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return `${[words.slice(0, 60), entry.id].filter((one) => one !== '').join('-')}.chain.gz`;
}

/** The last part of a path, without what would drive a terminal. */
function plainName(name: string): string {
  return (name.split(/[/\\]/).at(-1) ?? '').replaceAll(/\p{Cc}+/gu, ' ').trim() || 'a file without a name';
}
