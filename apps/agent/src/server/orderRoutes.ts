import { runRequestSchema } from '@underdock/trace';
import type { Request } from 'express';
import { z } from 'zod';
import type { Runs } from '../run/runs.ts';
import type { ContainerOrders } from '../via/via.ts';
import { parseBody } from './body.ts';
import type { Methods, RouteOptions } from './routes.ts';

const fields = runRequestSchema.shape;

const execSchema = z.strictObject({
  command: fields.command.unwrap().min(1),
  env: fields.env,
  user: fields.user,
  workdir: fields.workdir,
  tty: fields.tty,
});
const killSchema = z.strictObject({
  signal: z
    .string()
    .regex(/^(SIG)?[A-Z0-9+-]{1,12}$|^\d{1,2}$/, 'must be a signal such as SIGTERM or 15')
    .default('SIGKILL'),
});
const updateSchema = z
  .strictObject({ memory: fields.memory, cpus: fields.cpus, pidsLimit: fields.pidsLimit })
  .refine((limits) => Object.values(limits).some((one) => one !== undefined), 'must name a limit');

/** The routes that order a running container about, where its way in knows such orders. */
export function orderRoutes({ runs }: RouteOptions): Record<string, Methods> {
  const order = (give: (orders: ContainerOrders, req: Request) => Promise<unknown>): Methods => ({
    post: async (req, res) => void res.json((await give(ordersOf(runs, req), req)) ?? {}),
  });
  return {
    '/api/runs/:id/exec': order(async (orders, req) => {
      const { user, workdir, ...wanted } = parseBody(execSchema, req);
      const { exitCode, stdout, stderr } = await orders.exec({
        ...wanted,
        ...(user === undefined ? {} : { user }),
        ...(workdir === undefined ? {} : { workdir }),
      });
      const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
      return { exitCode, stdout: base64(stdout), stderr: base64(stderr) };
    }),
    '/api/runs/:id/pause': order((orders) => orders.pause()),
    '/api/runs/:id/unpause': order((orders) => orders.unpause()),
    '/api/runs/:id/kill': order((orders, req) => orders.kill(parseBody(killSchema, req).signal)),
    '/api/runs/:id/state': order((orders) => stateOf(orders)),
    '/api/runs/:id/update': order((orders, req) => orders.update(parseBody(updateSchema, req))),
  };
}

/** Throws an error that is answered with 501. */
function stateOf({ state }: ContainerOrders): Promise<object> {
  if (state) return state();
  throw Object.assign(new Error('nobody is asked for the state on this road'), {
    code: 'not-supported',
    remedy: 'run it with --via oci',
  });
}

/** Throws errors that are answered with 404 and 501. */
function ordersOf(runs: Runs, req: Request): ContainerOrders {
  const run = runs.get(String(req.params.id));
  if (!run) throw Object.assign(new Error('there is no such run'), { code: 'no-such-run' });
  if (run.orders) return run.orders;
  throw Object.assign(new Error(`runs via ${run.header.via} take no such orders`), {
    code: 'not-supported',
    remedy: 'run it with --via docker, or --via oci',
  });
}
