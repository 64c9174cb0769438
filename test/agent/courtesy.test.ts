import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { spawn } from '../../apps/agent/src/children.ts';
import { courtesy } from '../../apps/agent/src/courtesy.ts';

const usual = getPriority(0);
// Only root can come back: an ordinary user's watcher keeps its priority.
const givingWay = process.geteuid?.() === 0 ? Math.max(10, usual) : usual;

/** What a child says of its own priority. */
async function priorityOfChild(): Promise<number> {
  const child = spawn('nice', [], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return Number(said);
}

afterEach(() => courtesy.end());

describe('a process that watches others', () => {
  it('gives way to them, and no longer when it has ended', () => {
    courtesy.begin();
    expect(getPriority(0)).toBe(givingWay);
    courtesy.end();
    expect(getPriority(0)).toBe(usual);
  });

  it('starts children that give way to nobody', async () => {
    courtesy.begin();
    expect(await priorityOfChild()).toBe(usual);
    expect(getPriority(0)).toBe(givingWay);
  });

  it('takes what it needs while it is far behind, until it has caught up with all of its sources', () => {
    courtesy.begin();
    courtesy.lag('calls', 2000);
    expect(getPriority(0)).toBe(usual);
    courtesy.lag('bpftrace', 10);
    courtesy.lag('calls', 300);
    expect(getPriority(0)).toBe(usual);
    courtesy.lag('calls', 20);
    expect(getPriority(0)).toBe(givingWay);
  });

  it('is one that nobody watches for, unless it has begun', () => {
    courtesy.lag('calls', 10);
    expect(getPriority(0)).toBe(usual);
    expect(Number(execFileSync('nice', { encoding: 'utf8' }))).toBe(usual);
  });
});
