import { runIdSchema } from '@underdock/trace';
import { z } from 'zod';
import type { Recording } from '../run/recording.ts';
import { parseBody, send } from './body.ts';
import { problem } from './problem.ts';
import type { Methods, RouteOptions } from './routes.ts';

const beginSchema = z.strictObject({
  command: z.array(z.string().max(4096)).min(1).max(1000),
  /** The command is to have a private docker engine: the answer names its socket. */
  engine: z.literal('private').optional(),
});
const ASKED_LATE_MS = 60_000;
const endSchema = z.strictObject({ exitCode: z.int().min(0).max(255) });

/** The routes by which a command line has what its command does recorded by this agent. The agent starts nothing itself. */
export function recordRoutes({ runs, privateDocker }: RouteOptions): Record<string, Methods> {
  const open = new Map<string, Recording>();
  return {
    '/api/recordings': {
      post: async (req, res) => {
        const { command, engine } = parseBody(beginSchema, req);
        if (!runs.record) return send(res, problem(501, 'not-supported', 'nothing can be recorded here'));
        const socket = engine && (await privateDocker?.());
        const recording = await runs.record(command);
        const { id } = recording.run;
        open.set(id, recording);
        // Its end may be told a while after nothing of the command is left.
        void recording.run.done.then(() => setTimeout(() => open.delete(id), ASKED_LATE_MS).unref());
        res.status(201).json({ id, ...(socket ? { socket } : {}) });
      },
    },
    '/api/recordings/:id/end': {
      post: async (req, res) => {
        const { exitCode } = parseBody(endSchema, req);
        const id = runIdSchema.safeParse(req.params.id);
        const recording = id.success ? open.get(id.data) : undefined;
        if (!recording) return send(res, problem(404, 'no-such-run', 'there is no such recording'));
        res.json(await recording.end(exitCode));
      },
    },
  };
}
