declare module '*.css';

/** What the build says of itself (Vite): `player` is the page as one file. */
interface ImportMeta {
  readonly env: { readonly MODE: string };
}
