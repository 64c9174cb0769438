import { SourceError } from '../../source/error.ts';
import { saveFile } from '../../source/saveFile.ts';
import type { TraceFile } from '../../source/traceFile.ts';
import type { LibraryRow } from './libraryRows.ts';
import type { Act } from './useLibrary.ts';

/** Puts files into the library, one after the other: one that is refused keeps no other from it. */
export function importFiles(act: Act, files: readonly File[]): Promise<boolean> {
  return act(async (library) => {
    const taken: string[] = [];
    const refused: string[] = [];
    for (const file of files) {
      try {
        const { state } = await library.take(file, file.name);
        taken.push(state === 'cut' ? `${file.name} (cut off: what is there is whole)` : file.name);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        refused.push(`${file.name}: ${error.message}`);
      }
    }
    const words = [taken.length > 0 ? `Imported ${taken.join(', ')}.` : '', ...refused];
    return { words: words.filter((one) => one !== '').join(' '), bad: refused.length > 0 };
  });
}

/** Keeps a file that was opened in this page. */
export function keepOpened(act: Act, file: TraceFile): Promise<boolean> {
  return act(async (library) => {
    const blob = await new Response(await file.open()).blob();
    await library.take(blob, file.name);
    return { words: `${file.name} is in the library now.` };
  });
}

/** Moves a trace to the trash; what is said offers the way back. */
export function removeTrace(act: Act, { id, entry, command }: LibraryRow): Promise<boolean> {
  return act(async (library) => {
    const key = await library.remove(id);
    const undo = () =>
      void act(async (again) => {
        await again.restore(key);
        return { words: 'It is back.' };
      });
    return { words: `Moved to the trash: ${shortened(entry?.title || command)}`, undo };
  });
}

function shortened(text: string): string {
  return text.length > 70 ? `${text.slice(0, 69)}…` : text;
}

/** Gives a trace to the reader’s disk. */
export function downloadTrace(act: Act, { id }: LibraryRow): Promise<boolean> {
  return act(async (library) => {
    const { file, name } = await library.download(id);
    saveFile(file, name);
    return { words: `Downloaded as ${name}.` };
  });
}
