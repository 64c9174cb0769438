import { configWantedSchema } from '@underdock/trace';
import { parseBody, send } from './body.ts';
import { Bucket } from './bucket.ts';
import { problem } from './problem.ts';
import type { Methods, RouteOptions } from './routes.ts';

/** A text is checked while it is typed: so many at once, so many a second in the long run. */
const BURST = 30;
const PER_SECOND = 4;

/** The route that shows config.json before it runs and says what is wrong with an edited one. */
export function configRoutes({ prepareConfig }: RouteOptions): Record<string, Methods> {
  const asked = new Bucket(BURST, PER_SECOND);
  return {
    '/api/oci/config': {
      post: async (req, res) => {
        const { request, config } = parseBody(configWantedSchema, req);
        if (!prepareConfig) {
          throw Object.assign(new Error('this agent prepares no config.json'), { code: 'not-supported' });
        }
        if (!asked.take()) {
          return send(res, problem(429, 'too-many-checks', 'texts are checked too fast', 'wait a second'));
        }
        res.json(await prepareConfig(request, config));
      },
    },
  };
}
