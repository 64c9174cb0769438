/** Where a step can be read about. */
export interface Reading {
  title: string;
  href: string;
}

/**
 * What is told about one step. Templates fill `{field}` from the event's data, `{field|format}` with a format of
 * format.ts; a part in `[…]` is left out when one of its slots has no value. Where there are several templates the first
 * one that can be filled is told, so the last needs no slot but `{actor}`.
 */
export interface StepStory {
  /** Two to five words. */
  title: string;
  /** Present tense, told when the step begins or happens. */
  does: readonly string[];
  /** Told when others have worked for it and it comes back with an answer. */
  answers?: readonly string[];
  /** Several of them in a row, with `{count}`. */
  many?: readonly string[];
  /** Several of them in a row, all of them gone. */
  manyGone?: readonly string[];
  /** What is gone when a fact says `gone`. */
  gone?: readonly string[];
  /** What went wrong, with `{error}`. */
  failed?: readonly string[];
  /** Why it is done, in a few sentences. */
  why: string;
  /** Why it is done where that depends on the field `name`; the first pattern that fits counts. */
  whyNamed?: readonly (readonly [name: RegExp, why: string])[];
  /** Commands that show it on the host, for as long as the container lives. */
  tryIt?: readonly string[];
  see: readonly Reading[];
  /** Keys of the glossary. */
  terms?: readonly string[];
}

export type StoryTable = Readonly<Record<string, StepStory>>;

const man = (page: string, section: number): Reading => ({
  title: `${page}(${section})`,
  href: `https://man7.org/linux/man-pages/man${section}/${page}.${section}.html`,
});

/** A manual page of the Linux man-pages project. */
export const syscallPage = (page: string): Reading => man(page, 2);
/** Section 7 of the manual: overviews. */
export const overviewPage = (page: string): Reading => man(page, 7);
/** Section 5 of the manual: files. */
export const filePage = (page: string): Reading => man(page, 5);

/** The OCI runtime specification, at an anchor of one of its files. */
export const runtimeSpec = (place: string, title: string): Reading => ({
  title: `OCI runtime spec: ${title}`,
  href: `https://github.com/opencontainers/runtime-spec/blob/main/${place}`,
});
/** The OCI image specification. */
export const imageSpec = (place: string, title: string): Reading => ({
  title: `OCI image spec: ${title}`,
  href: `https://github.com/opencontainers/image-spec/blob/main/${place}`,
});
/** The OCI distribution specification: how registries talk. */
export const distributionSpec = (place: string, title: string): Reading => ({
  title: `OCI distribution spec: ${title}`,
  href: `https://github.com/opencontainers/distribution-spec/blob/main/spec.md#${place}`,
});
/** The kernel's own documentation. */
export const kernelDoc = (place: string, title: string): Reading => ({
  title: `Linux: ${title}`,
  href: `https://docs.kernel.org/${place}`,
});
