import { type ComponentType, lazy, Suspense } from 'react';

/** A part of the page whose code comes when it is first shown. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const Part = lazy(async () => ({ default: await load() })) as unknown as ComponentType<Props>;
  return (props: Props) => (
    <Suspense fallback={<main className="gallery" id="main" tabIndex={-1} aria-busy="true" />}>
      <Part {...props} />
    </Suspense>
  );
}
