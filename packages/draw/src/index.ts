export { contrast, isInGamut, type Oklch, toHex } from './color.ts';
export { bytes, rate } from './format.ts';
export { fitText, textWidth } from './measure.ts';
export type * from './options.ts';
export { scene } from './scene.ts';
export type * from './shapes.ts';
export {
  escapeXml,
  headPath,
  linePath,
  MONO,
  type Paint,
  pagePaint,
  patternDefs,
  ringPath,
  SANS,
  toSvg,
} from './svg.ts';
export { cssProperties, resolveToken, THEMES, type Theme, type ThemeName } from './theme.ts';
