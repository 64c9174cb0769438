import type { AudienceAnswer, DoctorReport, PreparedConfigAnswer, RunRequest } from '@underdock/trace';
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Library } from '../library/library.ts';
import type { Runs } from '../run/runs.ts';
import { type Access, tokenOf } from './access.ts';
import { bodyProblem, parseBody, readBody, send } from './body.ts';
import { configRoutes } from './configRoutes.ts';
import { guideRoutes } from './guideRoutes.ts';
import { layerRoutes } from './layerRoutes.ts';
import { bringsFile, libraryRoutes } from './libraryRoutes.ts';
import { orderRoutes } from './orderRoutes.ts';
import { answerFor, problem } from './problem.ts';
import type { RawOutputs } from './rawOutput.ts';
import { recordRoutes } from './recordRoutes.ts';
import { runRoutes } from './runRoutes.ts';

export interface RouteOptions {
  runs: Runs;
  access: Access;
  rawOutputs: RawOutputs;
  /** underdock’s own folder, where its layers lie. */
  stateDir: string;
  /** The traces on disk: searched, described, imported, deleted. */
  library?: Library;
  doctor: () => Promise<DoctorReport>;
  /** config.json of a run on the way in `oci`, before it runs, and what is wrong with another text in its place. */
  prepareConfig?: (request: RunRequest, text?: string) => Promise<PreparedConfigAnswer>;
  /** The addresses at which browsers on other machines find this agent; none by default. */
  outsideDoors?: () => string[];
  /** The socket of a private docker engine, started at the first call. */
  privateDocker?: () => Promise<string>;
  /** What `GET /api/health` says to anybody. */
  health: { version: string; instance: string };
  /** Takes lines for the agent's own log: mistakes of ours only, never a token. */
  log: (line: string) => void;
}

/** What a path answers to, by method. */
export type Methods = Partial<Record<'get' | 'post' | 'patch' | 'delete', RequestHandler>>;

/** The routes below /api (documented in apps/agent/README.md). */
export function addRoutes(app: Express, options: RouteOptions): void {
  addRoute(app, '/api/health', { get: (_req, res) => void res.json({ ok: true, ...options.health }) });
  app.use('/api', authorize(options.access), readBody(bringsFile));
  const routes = {
    ...hostRoutes(options),
    ...runRoutes(options),
    ...layerRoutes(options),
    ...orderRoutes(options),
    ...configRoutes(options),
    ...traceRoutes(options),
    ...guideRoutes(options),
    ...libraryRoutes(options),
    ...recordRoutes(options),
  };
  for (const [path, methods] of Object.entries(routes)) addRoute(app, path, methods);
  app.use('/api', (_req, res) => send(res, problem(404, 'not-found', 'there is nothing here')));
  app.use((error: unknown, req: Request, res: Response, next: (error: unknown) => void) => {
    if (res.headersSent) return next(error);
    const answer = bodyProblem(error) ?? answerFor(error);
    if (answer.ours) options.log(`${req.method} ${req.path}: ${(error as Error)?.stack ?? error}`);
    send(res, answer);
  });
}

const watchSchema = z.strictObject({ on: z.boolean() });

function hostRoutes({ doctor, runs, access, outsideDoors }: RouteOptions): Record<string, Methods> {
  return {
    '/api/doctor': { get: async (_req, res) => void res.json(await doctor()) },
    '/api/audience': {
      // Whoever only looks may not hand the link on: that is for the one who gave it.
      get: (_req, res) =>
        res.locals.role === 'drive'
          ? void res.json({ token: access.watch, doors: outsideDoors?.() ?? [] } satisfies AudienceAnswer)
          : send(res, problem(403, 'drive-only', 'this link may only look', 'use the drive link')),
    },
    '/api/watch': {
      get: (_req, res) => void res.json({ on: runs.watching }),
      post: async (req, res) => {
        await runs.watchHost(parseBody(watchSchema, req).on);
        res.json({ on: runs.watching });
      },
    },
  };
}

function traceRoutes({ runs }: RouteOptions): Record<string, Methods> {
  return {
    '/api/traces': { get: async (_req, res) => void res.json(await runs.traces()) },
    '/api/traces/:id': {
      get: async (req, res) => {
        const file = await runs.traceFile(String(req.params.id));
        if (!file) return send(res, problem(404, 'trace-not-found', 'there is no such trace'));
        res.type('application/x-ndjson');
        res.sendFile(file, { dotfiles: 'allow', cacheControl: false });
      },
    },
  };
}

function addRoute(app: Express, path: string, methods: Methods): void {
  const route = app.route(path);
  for (const [method, act] of Object.entries(methods)) route[method as keyof Methods](act);
  const allow = Object.keys(methods)
    .map((method) => method.toUpperCase())
    .join(', ');
  route.all((req, res) => {
    res.setHeader('Allow', allow);
    send(res, problem(405, 'method-not-allowed', `${req.method} is not possible here, only ${allow}`));
  });
}

function authorize(access: Access): RequestHandler {
  return (req, res, next) => {
    res.setHeader('Cache-Control', 'no-store');
    const role = access.roleOf(tokenOf(req.headers.authorization, req.query.token));
    if (!role) {
      res.setHeader('WWW-Authenticate', 'Bearer');
      const remedy =
        'send the token of a link that `underdock up` printed: Authorization: Bearer TOKEN, or ?token=TOKEN';
      send(res, problem(401, 'unauthorized', 'this needs a valid token', remedy));
    } else if (role === 'watch' && req.method !== 'GET' && req.method !== 'HEAD') {
      send(res, problem(403, 'watch-only', 'this link may only look', 'use the drive link to act'));
    } else {
      res.locals.role = role;
      next();
    }
  };
}
