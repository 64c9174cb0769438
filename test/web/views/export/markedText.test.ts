import { describe, expect, it } from 'vitest';
import { markedText } from '../../../../apps/web/src/views/export/markedText.ts';

const TEXT =
  '# image: x\ndocker run \\\n  --memory 64m \\\n  127.0.0.2/x@sha256:22 \\\n  2\n\n# at the end\n';
const kept = (what: string, mark?: string) => ({ what, value: '', ...(mark ? { mark } : {}) });
const marked = (text: string, ...stays: ReturnType<typeof kept>[]) =>
  markedText(text, stays).flatMap(({ what, text: words }) => (what ? [[what, words]] : []));

describe('a text with marks', () => {
  it('is whole again when its pieces are put together, whatever is marked', () => {
    const pieces = markedText(TEXT, [kept('Memory', '--memory 64m'), kept('Process', '2'), kept('Nothing')]);
    expect(pieces.map(({ text }) => text).join('')).toBe(TEXT);
    expect(pieces.map(({ at, text }) => TEXT.slice(at, at + text.length))).toEqual(
      pieces.map(({ text }) => text),
    );
    expect(pieces.filter(({ comment }) => comment).map(({ text }) => text)).toEqual([
      '# image: x\n',
      '# at the end\n',
    ]);
  });

  it('marks a line of its own before the same words within another', () => {
    expect(markedText(TEXT, [kept('Process', '2')]).find(({ what }) => what)?.at).toBe(
      TEXT.indexOf('\n  2\n') + 3,
    );
  });

  it('marks no comment, nothing twice, and nothing that does not stand there', () => {
    expect(marked('# image: x\nimage: x\n', kept('Image', 'image: x'), kept('Name', 'name: y'))).toEqual([
      ['Image', 'image: x'],
    ]);
    const ports = 'ports: ["80:80"]\nports: ["80:80"]\n';
    const both = markedText(ports, [kept('Port', 'ports: ["80:80"]'), kept('Port', 'ports: ["80:80"]')]);
    expect(both.filter(({ what }) => what).map(({ at }) => at)).toEqual([0, 17]);
  });
});
