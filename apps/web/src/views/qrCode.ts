import { type Bitmap2D, generate } from 'lean-qr';

/** The text as a QR code; undefined where it is longer than the largest one (version 40: some 2900 characters) takes. */
export function qrCode(text: string): Bitmap2D | undefined {
  try {
    return generate(text);
  } catch {
    return undefined;
  }
}
