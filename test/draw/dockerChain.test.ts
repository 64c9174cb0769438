import { containersOf, createTimeline, foldTo } from '@underdock/chain';
import { type Scene, scene } from '@underdock/draw';
import type { WatcherState } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { events, header } from '../chain/events.ts';
import { recordedTrace } from '../fixtures/traces.ts';

const DESKTOP = { width: 730, height: 490 };
const PHONE = { width: 390, height: 520 };
const texts = ({ shapes }: Scene) => shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.text] : []));
const arrow = ({ shapes }: Scene) =>
  shapes.find((shape) => shape.part === 'arrow' && shape.states?.includes('current') && shape.label)?.label;

/** The picture when a step of the story has just been told. */
async function picturesOf(name: string) {
  const { header: real, events: all } = await recordedTrace(name);
  const timeline = createTimeline(real, all);
  const at = (step: string, part: string) => {
    const told = timeline.steps.find((one) => one.step === step && one.part === part);
    return timeline.stateAt(told!.position);
  };
  return { at, last: timeline.stateAt(all.length) };
}

describe('the picture of a docker run', () => {
  it('has a box for each program, the shim beside containerd', async () => {
    const { last } = await picturesOf('docker-run');
    const { shapes } = scene(last, DESKTOP);
    const box = (key: string) =>
      shapes.find((shape) => shape.key === `box/${key}`) as { x: number; y: number };
    const [containerd, shim] = [box('high-level/containerd'), box('high-level/containerd-shim-runc-v2')];
    expect(shim.y).toBe(containerd.y);
    expect(shim.x).toBeGreaterThan(containerd.x);
    for (const key of ['client/docker', 'engine/dockerd', 'low-level/runc']) expect(box(key)).toBeDefined();
  });

  it('points an arrow down while something is asked, and up once it is answered', async () => {
    const { at } = await picturesOf('docker-run');
    expect(arrow(scene(at('engine/request', 'does'), DESKTOP))).toBe('POST /containers/create');
    expect(arrow(scene(at('high-level/create-task', 'asks'), DESKTOP))).toBe('Tasks/Create');
    expect(arrow(scene(at('high-level/create-task', 'answers'), DESKTOP))).toBe('Tasks/Create: done');
  });

  it('keeps the last word for the command, though a daemon tidies up after it', async () => {
    const { last } = await picturesOf('docker-run');
    expect(arrow(scene(last, DESKTOP))).toMatch(/^docker run/);
  });

  it('says a shim and its calls whole on a phone', async () => {
    const { at } = await picturesOf('docker-run');
    const shown = texts(scene(at('low-level/start', 'asks'), PHONE));
    expect(shown).toEqual(expect.arrayContaining(['shim', 'runc start']));
  });

  it('shows what the container sees mounted where the stack leaves room', async () => {
    const { last } = await picturesOf('docker-start-three');
    expect(texts(scene(last, { width: 830, height: 680 }))).toContain('/ overlay');
  });

  it('draws the container that is asked for', async () => {
    const { last } = await picturesOf('docker-start-three');
    const all = containersOf(last);
    const inodes = all.map(({ id }) =>
      texts(scene(last, { ...DESKTOP, container: id })).filter((text) => /^\d{10}$/.test(text)),
    );
    expect(new Set(inodes.map(String)).size).toBe(3);
  });
});

describe('a layer that is watched by several', () => {
  const watcher = (name: string, state: 'ok' | 'missing'): WatcherState => ({ layer: 'engine', name, state });
  const hatched = (...watchers: WatcherState[]) => {
    const state = foldTo({ ...header, watchers }, events({ step: 'client/run', type: 'begin', span: 'c' }));
    return scene(state, DESKTOP).shapes.some(({ key }) => key === 'gap/engine');
  };

  it('is a gap only where none of them is there', () => {
    expect(hatched(watcher('probe', 'ok'), watcher('events', 'missing'))).toBe(false);
    expect(hatched(watcher('probe', 'missing'), watcher('events', 'missing'))).toBe(true);
  });
});
