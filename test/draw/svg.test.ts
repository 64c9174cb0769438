import { foldTo } from '@underdock/chain';
import { contrast, cssProperties, isInGamut, scene, THEMES, type ThemeName, toSvg } from '@underdock/draw';
import { describe, expect, it } from 'vitest';
import { events, header } from '../chain/events.ts';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';

const SIZE = { width: 620, height: 520 };
const NAMES = Object.keys(THEMES) as ThemeName[];

describe('an exported picture', () => {
  it.each(RECORDED)('is well-formed, refers to nothing outside and runs nothing: %s', async (name) => {
    const { header: real, events: all } = await recordedTrace(name);
    for (const theme of NAMES) {
      const svg = toSvg(scene(foldTo(real, all), SIZE), theme);
      expect(unbalanced(svg)).toEqual([]);
      expect(svg).not.toMatch(
        /<script|<foreignObject|<image|\son\w+=|href=|url\((?!#texture-)|NaN|undefined|Infinity/,
      );
      for (const [, id] of svg.matchAll(/url\(#([\w-]+)\)/g)) expect(svg).toContain(`id="${id}"`);
    }
  });

  it('escapes what a trace may hold', () => {
    const evil = '"><script>alert(1)</script>&\u0000\ud800';
    const all = events({
      step: 'client/run',
      type: 'begin',
      span: evil,
      actor: { name: evil },
      data: { command: [evil] },
    });
    const svg = toSvg(scene(foldTo(header, all), SIZE), 'light');
    expect(svg).not.toContain('<script');
    expect(svg).not.toContain('\u0000');
    expect(svg.isWellFormed()).toBe(true);
    expect(unbalanced(svg)).toEqual([]);
  });
});

describe('the themes', () => {
  it('have the same colours, all of which screens can show', () => {
    const tokens = Object.keys(THEMES.dark).sort();
    for (const name of NAMES) {
      expect(Object.keys(THEMES[name]).sort()).toEqual(tokens);
      for (const [token, color] of Object.entries(THEMES[name])) {
        expect(isInGamut(color), `${name} ${token}`).toBe(true);
      }
    }
  });

  it.each(NAMES)('have words that can be read (WCAG AA, story text AAA): %s', (name) => {
    const theme = THEMES[name];
    const low = (pairs: [string, string][], least: number) =>
      pairs
        .map(([ink, ground]) => [ink, ground, contrast(theme[ink]!, theme[ground]!)] as const)
        .filter(([, , ratio]) => ratio < least)
        .map(([ink, ground, ratio]) => `${ink} on ${ground}: ${ratio.toFixed(2)}`);
    const bands = ['band-client', 'band-engine', 'band-high-level', 'band-low-level'];
    const rock = ['bedrock', 'capsule-inside', 'rock-raised'];
    const every = (inks: string[], grounds: string[]) =>
      inks.flatMap((ink) => grounds.map((ground): [string, string] => [ink, ground]));
    expect(low(every(['ink', 'ink-soft', 'failure', 'gap'], [...bands, 'page', 'panel']), 4.5)).toEqual([]);
    expect(low(every(['ink', 'ink-soft'], ['box', 'box-active']), 4.5)).toEqual([]);
    expect(
      low(every(['rock-ink', 'rock-soft', 'rock-failure', 'rock-kernel', 'rock-gap'], rock), 4.5),
    ).toEqual([]);
    expect(low(every(['rock-ink', 'rock-soft'], ['life-glow']), 4.5)).toEqual([]);
    expect(low(every(['rock-ink'], ['slab-fill', 'slab-write']), 4.5)).toEqual([]);
    expect(
      low(
        [
          ['ink', 'page'],
          ['ink', 'panel'],
        ],
        7,
      ),
    ).toEqual([]);
    const hues = ['client', 'engine', 'high-level', 'low-level'];
    expect(
      low(
        hues.map((layer) => [`layer-${layer}`, `band-${layer}`]),
        3,
      ),
    ).toEqual([]);
  });

  it('step evenly in lightness from layer to layer', () => {
    for (const name of NAMES) {
      const steps = ['client', 'engine', 'high-level', 'low-level', 'kernel', 'process']
        .map((layer) => THEMES[name][`layer-${layer}`]![0])
        .map((lightness, i, all) => (i === 0 ? undefined : Math.round((lightness - all[i - 1]!) * 1000)))
        .slice(1);
      expect(new Set(steps).size).toBe(1);
    }
  });

  it('are told to the page under the same names', () => {
    expect(cssProperties('dark')).toContain('--layer-engine: oklch(');
    expect(cssProperties('dark').split('\n')).toHaveLength(Object.keys(THEMES.dark).length);
  });
});

/** Tags that are not closed, or closed without having been opened; attributes that break out of their quotes. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  const faults: string[] = [];
  const rest = svg.replace(
    /<(\/?)([A-Za-z]+)((?:\s+[\w:-]+="[^"<>]*")*)\s*(\/?)>/g,
    (_tag, close, name, _attributes, self) => {
      if (close) {
        if (open.pop() !== name) faults.push(`</${name}>`);
      } else if (!self) open.push(name);
      return '';
    },
  );
  if (/[<>]/.test(rest)) faults.push(rest.slice(rest.search(/[<>]/), rest.search(/[<>]/) + 60));
  return [...faults, ...open];
}
