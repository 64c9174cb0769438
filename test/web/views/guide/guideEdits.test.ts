import { newGuide, readGuide, writeGuide } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { withNote } from '../../../../apps/web/src/views/guide/guideEdits.ts';

describe('a guide that is being written', () => {
  const begun = withNote(newGuide('run-1'), { seq: 1, title: 'The start', pause: false });

  test.each([' ', '\n', '\t \n'])('can be read again after only %j was typed somewhere', (blank) => {
    for (const part of [{ text: blank }, { title: blank }, { text: blank, title: blank }]) {
      const guide = withNote(begun, { seq: 2, pause: false, ...part });
      expect(readGuide(writeGuide(guide)).notes).toEqual(begun.notes);
    }
  });

  test('keeps what is typed as it is typed, blanks at its end too: more words may follow', () => {
    const guide = withNote(begun, { seq: 2, text: 'look ', pause: false });
    expect(guide.notes).toEqual([...begun.notes, { seq: 2, text: 'look ', pause: false }]);
    expect(withNote(guide, { seq: 2, text: ' ', pause: true }).notes[1]).toEqual({ seq: 2, pause: true });
  });
});
