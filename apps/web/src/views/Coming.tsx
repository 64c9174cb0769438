/** Stands where a part of the page is still on its way. */
export function Coming() {
  return <main className="gallery" id="main" tabIndex={-1} aria-busy="true" />;
}
