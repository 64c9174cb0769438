import { type ChainState, createTimeline, foldTo, initialState } from '@underdock/chain';
import { type Scene, type SceneOptions, type Shape, scene, textWidth } from '@underdock/draw';
import { describe, expect, it } from 'vitest';
import { events, header } from '../chain/events.ts';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';

const SIZES: SceneOptions[] = [
  { width: 620, height: 520 },
  { width: 360, height: 560 },
  { width: 1180, height: 880 },
  { width: 1280, height: 600, scale: 1.6 },
  { width: 800, height: 400 },
];

/** States at some places of a trace, told with all its actors. */
async function moments(name: string): Promise<{ states: ChainState[]; actors: SceneOptions['actors'] }> {
  const { header: real, events: all } = await recordedTrace(name);
  const timeline = createTimeline(real, all);
  const positions = [0, all.length, ...timeline.steps.map(({ position }) => position)];
  const every = Math.ceil(positions.length / 16);
  const states = positions
    .filter((_, i) => i < 2 || i % every === 0)
    .map((position) => timeline.stateAt(position));
  return { states, actors: timeline.stateAt(all.length).actors };
}

describe('the picture', () => {
  it.each(RECORDED)('has no words over words, none too small, none outside: %s', async (name) => {
    const { states, actors } = await moments(name);
    for (const size of SIZES) {
      for (const [i, state] of states.entries()) {
        for (const level of ['story', 'calls'] as const) {
          const picture = scene(state, { ...size, actors, level });
          const place = `${name}, ${size.width}x${size.height}, moment ${i}, ${level}`;
          expect(overlaps(picture), place).toEqual([]);
          expect(outside(picture), place).toEqual([]);
          for (const text of texts(picture)) expect(text.size).toBeGreaterThanOrEqual(13);
        }
      }
    }
  });

  it.each(RECORDED)('keeps every box, segment and band in its place: %s', async (name) => {
    const { states, actors } = await moments(name);
    for (const size of SIZES) {
      const places = new Map<string, string>();
      for (const state of states) {
        for (const shape of scene(state, { ...size, actors }).shapes) {
          if (!/^(box|band|lock)\//.test(shape.key) || shape.kind !== 'rect') continue;
          const place = [shape.x, shape.y, shape.width, shape.height].join(' ');
          expect(places.get(shape.key) ?? place, shape.key).toBe(place);
          places.set(shape.key, place);
        }
      }
    }
  });

  it.each(RECORDED)('grows live with the same places as when all actors are known: %s', async (name) => {
    const { states, actors } = await moments(name);
    for (const state of states) {
      const boxes = (options: SceneOptions) =>
        scene(state, options).shapes.filter(({ part }) => part === 'box');
      expect(boxes({ ...SIZES[0]! })).toEqual(boxes({ ...SIZES[0]!, actors }));
    }
  });

  it('gives each shape a key of its own', async () => {
    for (const name of RECORDED) {
      const { states, actors } = await moments(name);
      for (const state of states) {
        const keys = scene(state, { ...SIZES[0]!, actors, level: 'syscalls' }).shapes.map(({ key }) => key);
        expect(new Set(keys).size, duplicates(keys).join()).toBe(keys.length);
      }
    }
  });

  it('explains itself while nothing has run', () => {
    const picture = scene(initialState(header), SIZES[0]!);
    expect(texts(picture).map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'client',
        'engine',
        'high-level',
        'low-level',
        'kernel',
        'what you type',
        'process',
      ]),
    );
    expect(picture.shapes.filter(({ part }) => part === 'box' || part === 'arrow')).toEqual([]);
    expect(picture.label).toContain('Nothing has run yet');
  });

  it('names the current call, and marks a failed one with a cross and words, not by colour alone', () => {
    const all = events(
      { step: 'low-level/create', type: 'begin', span: 'l', actor: { name: 'runc' } },
      {
        step: 'kernel/unshare',
        type: 'begin',
        span: 'u',
        cause: ['l'],
        data: { flags: ['CLONE_NEWNS', 'CLONE_NEWPID'] },
      },
      { step: 'kernel/unshare', type: 'end', span: 'u', data: { error: 'EPERM' } },
    );
    const current = scene(foldTo(header, all.slice(0, 2)), SIZES[0]!);
    expect(texts(current).map(({ text }) => text)).toContain('unshare NEWNS|NEWPID');
    const failed = scene(foldTo(header, all), SIZES[0]!);
    expect(failed.shapes.filter(({ part }) => part === 'cross')).toHaveLength(1);
    expect(texts(failed).map(({ text }) => text)).toContain('unshare NEWNS|NEWPID: EPERM');
    expect(arrow(failed, 'u')).toMatchObject({ states: ['current', 'failed'], ref: { span: 'u' } });
  });

  it('says how many calls the told step stands for', () => {
    const all = events({
      step: 'kernel/mount',
      type: 'begin',
      span: 'm',
      data: { syscall: 'mount', target: '/proc' },
    });
    const picture = scene(foldTo(header, all), { ...SIZES[0]!, level: 'calls', count: 38 });
    expect(texts(picture).map(({ text }) => text)).toContain('mount x 38');
  });

  it('lets the answer go back up', () => {
    const all = events(
      { step: 'client/run', type: 'begin', span: 'c', actor: { name: 'docker' } },
      { step: 'engine/create-container', type: 'begin', span: 'e', cause: ['c'] },
      { step: 'high-level/write-config', type: 'begin', span: 'w', cause: ['e'] },
      { step: 'high-level/write-config', type: 'end', span: 'w' },
      { step: 'engine/create-container', type: 'end', span: 'e' },
    );
    const direction = (state: ChainState) => {
      const shape = arrow(scene(state, SIZES[0]!), 'e');
      const points = shape?.kind === 'line' ? shape.points : [];
      return Math.sign(points.at(-1)![1] - points[0]![1]);
    };
    expect(direction(foldTo(header, all.slice(0, 2)))).toBe(1);
    expect(direction(foldTo(header, all))).toBe(-1);
  });

  it('draws a chosen call bright beside the current one', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    const state = foldTo(real, all);
    const span = all.find(({ step }) => step === 'kernel/unshare')!.span!;
    expect(arrow(scene(state, { ...SIZES[0]!, selectedSpan: span }), span)?.states).toContain('selected');
  });

  it('shows a namespace as the host’s until it is the container’s own', () => {
    const namespace = (own: boolean, inode: string) => ({
      step: 'kernel/has-namespace',
      type: 'fact' as const,
      data: { kind: 'net', inode, hostInode: '1', own },
    });
    const segment = (...facts: ReturnType<typeof namespace>[]) =>
      scene(foldTo(header, events(...facts)), SIZES[0]!).shapes.find(({ key }) => key === 'segment/net');
    expect(segment()?.states).toEqual(['unknown']);
    expect(segment(namespace(false, '1'))).toMatchObject({ states: ['shared'], fill: undefined });
    expect(segment(namespace(false, '1'), namespace(true, '2'))).toMatchObject({
      states: ['own'],
      label: 'net namespace of its own: 2, the host has 1',
    });
  });

  it('says why a layer is not watched', () => {
    const why = 'bpftrace is not installed';
    const watchers = [{ layer: 'kernel' as const, name: 'bpftrace', state: 'missing' as const, why }];
    const picture = scene(initialState({ ...header, watchers }), SIZES[0]!);
    expect(picture.shapes.some(({ part, kind }) => part === 'gap' && kind === 'rect')).toBe(true);
    expect(texts(picture).some(({ text }) => text.includes(why))).toBe(true);
  });

  it('shows an out-of-memory kill on the memory gauge', async () => {
    const { header: real, events: all } = await recordedTrace('oom');
    const killed = all.findIndex(({ step }) => step === 'kernel/oom-kill');
    const picture = scene(foldTo(real, all.slice(0, killed + 2)), SIZES[0]!);
    const note = picture.shapes.find(({ key }) => key === 'gauge/memory/note');
    expect(note).toMatchObject({ text: 'out of memory', fill: 'rock-failure' });
  });

  it('cuts long names and keeps the whole of them in the label', () => {
    const long = 'a-program-with-a-very-long-name-that-no-box-can-hold';
    const picture = scene(
      foldTo(header, events({ step: 'client/run', type: 'begin', span: 'c', actor: { name: long } })),
      SIZES[1]!,
    );
    const name = picture.shapes.find(({ key }) => key === `box/client/${long}/name`);
    expect(name).toMatchObject({ label: long });
    expect(name?.kind === 'text' && name.text.endsWith('…')).toBe(true);
  });

  it('stays readable with many programs in one layer', () => {
    const crowd = Array.from({ length: 12 }, (_, i) => ({
      step: 'high-level/create-task',
      type: 'begin' as const,
      span: `t${i}`,
      actor: { name: `shim-${i}`, pid: 100 + i },
    }));
    const picture = scene(foldTo(header, events(...crowd)), SIZES[0]!);
    expect(overlaps(picture)).toEqual([]);
    expect(texts(picture).some(({ text }) => text.startsWith('+9 '))).toBe(true);
  });
});

function texts(picture: Scene) {
  return picture.shapes.filter((shape) => shape.kind === 'text');
}

function arrow(picture: Scene, span: string): Shape | undefined {
  return picture.shapes.find(({ key }) => key === `arrow/${span}`);
}

type TextOf = Extract<Shape, { kind: 'text' }>;

function boxOf(text: TextOf) {
  const width = textWidth(text.text, text);
  const x = text.anchor === 'start' ? text.x : text.anchor === 'end' ? text.x - width : text.x - width / 2;
  // From the top of the capitals to the middle of the descenders.
  return { left: x, right: x + width, top: text.y - text.size * 0.76, bottom: text.y + text.size * 0.12 };
}

function overlaps(picture: Scene): string[] {
  const all = texts(picture).map((text) => ({ text, box: boxOf(text) }));
  return all.flatMap((one, i) =>
    all
      .slice(i + 1)
      .filter(
        (two) =>
          one.box.left < two.box.right &&
          two.box.left < one.box.right &&
          one.box.top < two.box.bottom &&
          two.box.top < one.box.bottom,
      )
      .map((two) => `“${one.text.text}” (${one.text.key}) and “${two.text.text}” (${two.text.key})`),
  );
}

function outside(picture: Scene): string[] {
  return texts(picture)
    .filter((text) => {
      const box = boxOf(text);
      return (
        box.left < -0.5 ||
        box.right > picture.width + 0.5 ||
        box.top < -0.5 ||
        box.bottom > picture.height + 0.5
      );
    })
    .map((text) => `“${text.text}” (${text.key})`);
}

function duplicates(keys: string[]): string[] {
  return keys.filter((key, i) => keys.indexOf(key) !== i);
}
