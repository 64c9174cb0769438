import { type Gallery, gallerySchema } from '@underdock/trace';

/** Where the gallery lies, from the page. */
export const GALLERY = 'gallery/';

/**
 * The list of the gallery that lies beside the page; undefined where there is none. `page` is the page’s folder, `ask` the
 * browser’s fetch. Never rejects.
 */
export async function readGallery(page: URL, ask: typeof fetch = fetch): Promise<Gallery | undefined> {
  try {
    const answer = await ask(new URL(`${GALLERY}index.json`, page), { credentials: 'omit' });
    return answer.ok ? gallerySchema.parse(await answer.json()) : undefined;
  } catch {
    // A page that was exported as one file, or one that nobody has put a gallery beside.
    return undefined;
  }
}

/** The address that opens a trace of the gallery in the page, and with several names lays them side by side. */
export function galleryAddress(...names: readonly string[]): string {
  return `?${names.map((name) => `trace=${GALLERY}${name}.chain.gz`).join('&')}`;
}
