import { guideSchema, runIdSchema } from '@underdock/trace';
import { LibraryError } from '../library/error.ts';
import { storedGuide, storeGuide } from '../library/guides.ts';
import { traceFolder } from '../run/store.ts';
import { parseBody } from './body.ts';
import type { Methods, RouteOptions } from './routes.ts';

/** The guide that lies beside a trace: an audience may read it, who drives may write it. */
export function guideRoutes({ stateDir }: RouteOptions): Record<string, Methods> {
  const folder = traceFolder(stateDir);
  return {
    '/api/traces/:id/guide': {
      get: async (req, res) => void res.json({ guide: (await storedGuide(folder, idOf(req))) ?? null }),
      post: async (req, res) => {
        await storeGuide(folder, idOf(req), parseBody(guideSchema, req));
        res.status(204).end();
      },
      delete: async (req, res) => {
        await storeGuide(folder, idOf(req), undefined);
        res.status(204).end();
      },
    },
  };
}

function idOf({ params }: { params: Record<string, unknown> }): string {
  const id = runIdSchema.safeParse(params.id);
  if (id.success) return id.data;
  throw new LibraryError('no-such-trace', 'there is no such trace in the library');
}
