import { type RunRequest, runRequestSchema } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EmbeddedError } from '../../../apps/agent/src/via/embedded/error.ts';
import { startAgent, type TestAgent } from '../../fakes/agent.ts';

const PREPARED = { text: '{}\n', provenance: [], faults: [], isFree: false };
const asked: [RunRequest, string | undefined][] = [];
let agent: TestAgent;
let without: TestAgent;

beforeAll(async () => {
  agent = await startAgent(
    {},
    {
      async prepareConfig(request, text) {
        asked.push([request, text]);
        if (request.image === 'nowhere')
          throw new EmbeddedError('no-such-image', 'there is no image nowhere');
        return PREPARED;
      },
    },
  );
  without = await startAgent();
});
afterAll(async () => {
  await agent?.close();
  await without?.close();
});

const post = (body: object, options: object = {}) =>
  agent.call('/api/oci/config', { method: 'POST', body, ...options });

describe('config.json before it runs', () => {
  it('is answered for a request, with defaults filled in, and for a text in its place', async () => {
    const answer = await post({ request: { image: 'starter' }, config: '{"ociVersion":"1.0.2"}' });
    expect([answer.status, answer.body]).toEqual([200, PREPARED]);
    expect(asked.at(-1)).toEqual([runRequestSchema.parse({ image: 'starter' }), '{"ociVersion":"1.0.2"}']);
  });

  it.each([
    ['no image', { request: {} }, 400, 'request.image'],
    ['a field that nobody knows', { request: { image: 'x' }, text: '' }, 400, 'text'],
    ['a text that is no text', { request: { image: 'x' }, config: {} }, 400, 'config'],
    ['an image that is not there', { request: { image: 'nowhere' } }, 404, 'no image nowhere'],
  ])('is refused with %s', async (_, body, status, said) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toContain(said);
  });

  it('is for the drive link alone', async () => {
    expect((await post({ request: { image: 'x' } }, { token: agent.access.watch })).status).toBe(403);
  });

  it('says so where the agent prepares none', async () => {
    const answer = await without.call('/api/oci/config', {
      method: 'POST',
      body: { request: { image: 'x' } },
    });
    expect(answer.status).toBe(501);
  });
});
