import { expect, it } from 'vitest';
import { qrCode } from '../../../apps/web/src/views/qrCode.ts';

it('a link is drawn as a QR code, but for one that has more characters than any code holds', () => {
  expect(qrCode('https://lab.example/?token=look#run=x')).toMatchObject({ size: expect.any(Number) });
  expect(qrCode(`https://lab.example/#find=${'x'.repeat(4000)}`)).toBeUndefined();
});
