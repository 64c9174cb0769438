/** A colour as the designer names it: lightness 0 to 1, chroma, hue in degrees. */
export type Oklch = readonly [lightness: number, chroma: number, hue: number];

type Rgb = [number, number, number];

/** Linear sRGB of an oklch colour (Björn Ottosson's matrices), not clamped. */
function linear([lightness, chroma, hue]: Oklch): Rgb {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

const clamp = (value: number): number => Math.max(0, Math.min(1, value));

/** Whether sRGB can show the colour without changing it. */
export function isInGamut(color: Oklch): boolean {
  return linear(color).every((channel) => channel > -0.002 && channel < 1.002);
}

/** The colour with as much of its chroma as sRGB can show at this lightness and hue. */
export function fitToGamut([lightness, chroma, hue]: Oklch): Oklch {
  let fitted = chroma;
  while (fitted > 0 && !isInGamut([lightness, fitted, hue]))
    fitted = Math.round((fitted - 0.002) * 1000) / 1000;
  return [lightness, Math.max(0, fitted), hue];
}

/** The colour as `#rrggbb`, for SVG readers that know no oklch. */
export function toHex(color: Oklch): string {
  const encoded = linear(color).map((channel) => {
    const c = clamp(channel);
    const value = c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055;
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  });
  return `#${encoded.join('')}`;
}

/** The colour as CSS writes it. */
export function toCss([lightness, chroma, hue]: Oklch): string {
  return `oklch(${lightness} ${chroma} ${hue})`;
}

/** Contrast ratio by WCAG 2.2, from 1 to 21. */
export function contrast(one: Oklch, other: Oklch): number {
  const luminance = (color: Oklch) => {
    const [r, g, b] = linear(color).map(clamp) as Rgb;
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}
