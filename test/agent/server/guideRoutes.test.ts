import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Guide, newGuide } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent, type TestAgent } from '../../fakes/agent.ts';

const GUIDE: Guide = { ...newGuide('run-1'), notes: [{ seq: 3, text: 'look here', pause: true }] };
const PATH = '/api/traces/run-1/guide';
let agent: TestAgent;
let file: string;

beforeAll(async () => {
  agent = await startAgent();
  const traces = join(agent.folder, 'traces');
  mkdirSync(traces, { recursive: true });
  writeFileSync(join(traces, 'run-1.chain'), '');
  file = join(traces, 'run-1.guide.json');
});
afterAll(() => agent?.close());

describe('the guide beside a trace', () => {
  it('is written by who drives, whole, and read by an audience', async () => {
    expect((await agent.call(PATH)).body).toEqual({ guide: null });
    expect((await agent.call(PATH, { method: 'POST', body: GUIDE })).status).toBe(204);
    const read = await agent.call(PATH, { token: agent.access.watch });
    expect([read.status, read.body]).toEqual([200, { guide: GUIDE }]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(GUIDE);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is taken away again, but not by an audience', async () => {
    const refused = await agent.call(PATH, { method: 'DELETE', token: agent.access.watch });
    expect(refused.status).toBe(403);
    expect(existsSync(file)).toBe(true);
    expect((await agent.call(PATH, { method: 'DELETE' })).status).toBe(204);
    expect(existsSync(file)).toBe(false);
  });

  it.each([
    ['no guide', {}, 'underdockGuide'],
    ['a field that nobody knows', { ...GUIDE, run: 'x' }, 'run'],
    ['a note without words', { ...GUIDE, notes: [{ seq: 1 }] }, 'notes.0'],
  ])('is refused if it is %s', async (_, body, named) => {
    const answer = await agent.call(PATH, { method: 'POST', body });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain(named);
    expect(existsSync(file)).toBe(false);
  });

  it('is refused if it is to another trace, or longer than what can be read back', async () => {
    const other = await agent.call(PATH, { method: 'POST', body: { ...GUIDE, trace: 'run-2' } });
    expect([other.status, JSON.stringify(other.body)]).toEqual([400, expect.stringContaining('run-2')]);
    const notes = Array.from({ length: 2000 }, (_, index) => ({ seq: index + 1, text: 'x'.repeat(450) }));
    const long = await agent.call(PATH, { method: 'POST', body: { ...GUIDE, notes } });
    expect([long.status, long.body]).toMatchObject([413, { error: { code: 'too-large' } }]);
    expect(existsSync(file)).toBe(false);
  });

  it('is not kept for a trace that is not there, whatever it is called', async () => {
    for (const id of ['nobody', '..%2f..%2fetc%2fx', '.hidden']) {
      const answer = await agent.call(`/api/traces/${id}/guide`, { method: 'POST', body: GUIDE });
      expect([id, answer.status]).toEqual([id, 404]);
    }
  });

  it('says so where somebody has made nonsense of the file, and takes another one', async () => {
    writeFileSync(file, '{"half":');
    chmodSync(file, 0o600);
    const answer = await agent.call(PATH);
    expect(answer.body).toMatchObject({
      error: { code: 'guide-unreadable', remedy: expect.stringContaining('run-1.guide.json') },
    });
    expect((await agent.call(PATH, { method: 'POST', body: GUIDE })).status).toBe(204);
    expect((await agent.call(PATH)).body).toEqual({ guide: GUIDE });
  });
});
