import { fitToGamut, type Oklch, toCss, toHex } from './color.ts';
import type { Token } from './shapes.ts';

export type ThemeName = 'dark' | 'light' | 'print';
export type Theme = Readonly<Record<Token, Oklch>>;

/** Six hues, one a layer, far enough apart to be told apart by most colour-blind readers beside position and label. */
const HUES = {
  client: 285,
  engine: 250,
  'high-level': 215,
  'low-level': 175,
  kernel: 135,
  process: 95,
} as const;

/** The hues of the layers: each a lightness step of `step` from the one above. */
function layerHues(lightness: number, step: number, chroma: number): Record<Token, Oklch> {
  return Object.fromEntries(
    Object.entries(HUES).map(([layer, hue], depth) => [
      `layer-${layer}`,
      [Math.round((lightness + depth * step) * 1000) / 1000, chroma, hue] as const,
    ]),
  );
}

const DARK: Theme = {
  page: [0.17, 0.015, 260],
  panel: [0.21, 0.018, 260],
  line: [0.36, 0.02, 258],
  ink: [0.96, 0.008, 250],
  'ink-soft': [0.79, 0.022, 250],
  accent: [0.8, 0.12, 235],
  shaft: [0.86, 0.09, 225],
  focus: [0.86, 0.15, 95],
  failure: [0.755, 0.16, 25],
  gap: [0.82, 0.14, 78],
  'band-client': [0.345, 0.045, 250],
  'band-engine': [0.3, 0.045, 252],
  'band-high-level': [0.26, 0.042, 254],
  'band-low-level': [0.222, 0.038, 257],
  bedrock: [0.165, 0.014, 62],
  'bedrock-fleck': [0.25, 0.018, 62],
  'rock-ink': [0.96, 0.008, 80],
  'rock-soft': [0.78, 0.016, 75],
  'rock-line': [0.42, 0.018, 70],
  'rock-raised': [0.24, 0.016, 65],
  'rock-failure': [0.72, 0.18, 25],
  box: [0.2, 0.03, 258],
  'box-active': [0.27, 0.05, 255],
  'box-line': [0.47, 0.04, 252],
  mark: [0.62, 0.03, 250],
  shared: [0.46, 0.012, 70],
  'slab-fill': [0.46, 0.09, 215],
  'slab-write': [0.47, 0.09, 95],
  'life-glow': [0.4, 0.075, 72],
  'capsule-inside': [0.2, 0.016, 65],
  ...layerHues(0.76, 0.014, 0.115),
};

const LIGHT: Theme = {
  page: [0.985, 0.004, 240],
  panel: [1, 0, 0],
  line: [0.86, 0.014, 245],
  ink: [0.22, 0.03, 258],
  'ink-soft': [0.4, 0.03, 255],
  accent: [0.47, 0.13, 245],
  shaft: [1, 0, 0],
  focus: [0.5, 0.16, 290],
  failure: [0.475, 0.19, 27],
  gap: [0.46, 0.1, 66],
  'band-client': [0.97, 0.014, 235],
  'band-engine': [0.935, 0.026, 238],
  'band-high-level': [0.9, 0.036, 241],
  'band-low-level': [0.862, 0.044, 244],
  bedrock: [0.285, 0.022, 62],
  'bedrock-fleck': [0.365, 0.026, 62],
  'rock-ink': [0.975, 0.008, 80],
  'rock-soft': [0.85, 0.018, 75],
  'rock-line': [0.55, 0.02, 70],
  'rock-raised': [0.36, 0.02, 65],
  'rock-failure': [0.78, 0.15, 25],
  box: [1, 0, 0],
  'box-active': [1, 0, 0],
  'box-line': [0.72, 0.04, 245],
  mark: [0.58, 0.04, 250],
  shared: [0.55, 0.014, 70],
  'slab-fill': [0.49, 0.088, 215],
  'slab-write': [0.49, 0.09, 95],
  'life-glow': [0.45, 0.075, 72],
  'capsule-inside': [0.325, 0.02, 65],
  ...layerHues(0.5, 0.014, 0.1),
};

/** On white paper: outlines carry the picture, rock is a light grey. */
const PRINT: Theme = {
  ...LIGHT,
  page: [1, 0, 0],
  'band-client': [1, 0, 0],
  'band-engine': [0.985, 0.004, 240],
  'band-high-level': [0.965, 0.006, 240],
  'band-low-level': [0.945, 0.008, 240],
  bedrock: [0.91, 0.008, 75],
  'bedrock-fleck': [0.83, 0.012, 70],
  'rock-ink': [0.2, 0.02, 70],
  'rock-soft': [0.38, 0.02, 70],
  'rock-line': [0.6, 0.02, 70],
  'rock-raised': [0.97, 0.006, 75],
  'rock-failure': [0.5, 0.19, 27],
  shared: [0.6, 0.014, 70],
  'slab-fill': [0.82, 0.06, 215],
  'slab-write': [0.86, 0.09, 95],
  'life-glow': [0.93, 0.07, 85],
  'capsule-inside': [0.985, 0.004, 75],
};

/** On the rock the layers' hues have to be light in both themes. */
const withRockHues = (theme: Theme, lightness: number, chroma: number): Theme => ({
  ...theme,
  ...Object.fromEntries(
    Object.entries(HUES).map(([layer, hue]) => [`rock-${layer}`, [lightness, chroma, hue] as const]),
  ),
  'rock-gap': lightness > 0.6 ? [0.84, 0.13, 78] : theme.gap!,
});

/** Colours as screens can show them. */
const shown = (theme: Theme): Theme =>
  Object.fromEntries(Object.entries(theme).map(([token, color]) => [token, fitToGamut(color)]));

/** Every colour of the page and of exported pictures, by name. */
export const THEMES: Readonly<Record<ThemeName, Theme>> = {
  dark: shown(withRockHues(DARK, 0.8, 0.115)),
  light: shown(withRockHues(LIGHT, 0.82, 0.11)),
  print: shown(withRockHues(PRINT, 0.47, 0.1)),
};

/** The theme as CSS custom properties, one a line: `--layer-engine: oklch(…);`. */
export function cssProperties(name: ThemeName): string {
  return Object.entries(THEMES[name])
    .map(([token, color]) => `--${token}: ${toCss(color)};`)
    .join('\n');
}

/** A colour as hex, for pictures that leave the page. Throws RangeError for a token that no theme has. */
export function resolveToken(name: ThemeName, token: Token): string {
  const color = THEMES[name][token];
  if (!color) throw new RangeError(`no colour is named ${token}: see theme.ts for those there are`);
  return toHex(color);
}
