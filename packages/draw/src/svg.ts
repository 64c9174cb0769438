import { arc } from 'd3-shape';
import type { Scene, Shape } from './shapes.ts';
import { resolveToken, type ThemeName } from './theme.ts';

/** How a colour's name becomes a paint: hex for files, `var(--name)` inside the page. */
export type Paint = (token: string) => string;

/** The colour as a custom property of the page. */
export const pagePaint: Paint = (token) => `var(--${token})`;

export const SANS = "Inter, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";
export const MONO = "ui-monospace, 'SF Mono', 'Cascadia Mono', Consolas, 'DejaVu Sans Mono', monospace";

/** A picture as one self-contained SVG file: no script, no link, no font to load. */
export function toSvg(picture: Scene, theme: ThemeName): string {
  const paint: Paint = (token) => resolveToken(theme, token);
  const { width, height } = picture;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(width)} ${n(height)}" role="img" font-family="${escapeXml(SANS)}">`,
    `<title>${escapeXml(picture.label)}</title>`,
    `<defs>${patternDefs(paint)}</defs>`,
    ...picture.shapes.map((shape) => shapeSvg(shape, paint)),
    '</svg>\n',
  ].join('\n');
}

/** The textures that shapes name, as the inside of a `<defs>`: ids `texture-bedrock`, `-hatch`, `-shaft`, `-glow`. */
export function patternDefs(paint: Paint): string {
  const fleck = paint('bedrock-fleck');
  const gap = paint('gap');
  const shaft = paint('shaft');
  const glow = paint('life-glow');
  return [
    `<pattern id="texture-bedrock" width="96" height="56" patternUnits="userSpaceOnUse"><g fill="none" stroke="${fleck}" stroke-width="1.1" stroke-linecap="round">`,
    '<path d="M4 9l13-3 9 4M38 16l8 2 12-5M70 7l16 3M12 28l18 4 7-3M52 31l14-3 15 4M2 47l11 2M30 45l15-2 9 4M72 48l13-4 8 2"/>',
    `</g><g fill="${fleck}"><circle cx="30" cy="6" r="1"/><circle cx="62" cy="22" r="1.2"/><circle cx="88" cy="26" r="1"/><circle cx="22" cy="40" r="1.1"/><circle cx="60" cy="50" r="1"/></g></pattern>`,
    `<pattern id="texture-hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="9" fill="${gap}" opacity="0.28"/></pattern>`,
    `<linearGradient id="texture-shaft"><stop offset="0" stop-color="${shaft}" stop-opacity="0"/><stop offset="0.5" stop-color="${shaft}" stop-opacity="0.22"/><stop offset="1" stop-color="${shaft}" stop-opacity="0"/></linearGradient>`,
    `<radialGradient id="texture-glow"><stop offset="0" stop-color="${glow}"/><stop offset="0.55" stop-color="${glow}" stop-opacity="0.8"/><stop offset="1" stop-color="${glow}" stop-opacity="0.12"/></radialGradient>`,
  ].join('');
}

/** SVG path data of a ring's segment, around its own centre. */
export function ringPath(shape: Extract<Shape, { kind: 'ring' }>): string {
  return arc()({ ...shape, padAngle: 0 }) ?? '';
}

function shapeSvg(shape: Shape, paint: Paint): string {
  const inner = shape.label === undefined ? '' : `<title>${escapeXml(shape.label)}</title>`;
  const style = styleOf(shape, paint);
  switch (shape.kind) {
    case 'rect':
      return rectSvg(shape, style, inner);
    case 'line':
      return `<path d="${linePath(shape.points)}" ${style}>${inner}</path>${headSvg(shape, paint)}`;
    case 'ring':
      return ringSvg(shape, style, inner);
    case 'path':
      return `<path d="${escapeXml(shape.d)}" ${style}>${inner}</path>`;
    case 'text':
      return textSvg(shape, style, inner);
  }
}

function rectSvg(shape: Extract<Shape, { kind: 'rect' }>, style: string, inner: string): string {
  const radius = shape.radius ? ` rx="${n(shape.radius)}"` : '';
  const place = `x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.width)}" height="${n(shape.height)}"${radius}`;
  const body = shape.fill || shape.stroke ? `<rect ${place} ${style}>${inner}</rect>` : '';
  const title = body ? '' : inner;
  const texture = shape.texture ? `<rect ${place} fill="url(#texture-${shape.texture})">${title}</rect>` : '';
  return body + texture;
}

function ringSvg(shape: Extract<Shape, { kind: 'ring' }>, style: string, inner: string): string {
  const place = `transform="translate(${n(shape.cx)} ${n(shape.cy)})" d="${ringPath(shape)}"`;
  const texture = shape.texture ? `<path ${place} fill="url(#texture-${shape.texture})"/>` : '';
  return `<path ${place} ${style}>${inner}</path>${texture}`;
}

function textSvg(shape: Extract<Shape, { kind: 'text' }>, style: string, inner: string): string {
  const anchor = shape.anchor === 'start' ? '' : ` text-anchor="${shape.anchor}"`;
  const font = shape.mono ? ` font-family="${escapeXml(MONO)}"` : '';
  const weight = shape.weight && shape.weight !== 400 ? ` font-weight="${shape.weight}"` : '';
  return `<text x="${n(shape.x)}" y="${n(shape.y)}" font-size="${n(shape.size)}"${anchor}${font}${weight} ${style}>${escapeXml(shape.text)}${inner}</text>`;
}

function styleOf(shape: Shape, paint: Paint): string {
  const isLine = shape.kind === 'line';
  const parts = [
    `fill="${shape.fill && !isLine ? paint(shape.fill) : 'none'}"`,
    shape.stroke ? `stroke="${paint(shape.stroke)}" stroke-width="${n(shape.strokeWidth ?? 1)}"` : '',
    shape.dash ? `stroke-dasharray="${escapeXml(shape.dash)}"` : '',
    shape.opacity === undefined || shape.opacity === 1 ? '' : `opacity="${n(shape.opacity)}"`,
    isLine || shape.kind === 'path' ? 'stroke-linejoin="round" stroke-linecap="round"' : '',
    `class="${escapeXml(['part', shape.part, ...(shape.states ?? [])].join(' '))}"`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** SVG path data through points. */
export function linePath(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${n(x)} ${n(y)}`).join('');
}

/** The three corners of an arrow's head at the end of its line. */
export function headPath(shape: Extract<Shape, { kind: 'line' }>): string {
  const [x, y] = shape.points.at(-1) ?? [0, 0];
  const [px, py] = shape.points.at(-2) ?? [x, y - 1];
  const length = Math.hypot(x - px, y - py) || 1;
  const [dx, dy] = [(x - px) / length, (y - py) / length];
  const size = 4 + (shape.strokeWidth ?? 1) * 1.9;
  const [bx, by] = [x - dx * size, y - dy * size];
  const half = size * 0.55;
  return `M${n(x + dx)} ${n(y + dy)}L${n(bx - dy * half)} ${n(by + dx * half)}L${n(bx + dy * half)} ${n(by - dx * half)}z`;
}

function headSvg(shape: Extract<Shape, { kind: 'line' }>, paint: Paint): string {
  if (shape.head !== 'end' || shape.points.length < 2) return '';
  const opacity = shape.opacity === undefined ? '' : ` opacity="${n(shape.opacity)}"`;
  return `<path d="${headPath(shape)}" fill="${paint(shape.stroke ?? 'ink')}"${opacity}/>`;
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Text as it may stand in XML, in content and in attributes; what XML forbids becomes a replacement character. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: exactly those that XML 1.0 forbids
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .toWellFormed()
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
