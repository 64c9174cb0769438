import type { CredentialSource } from './credentials.ts';

/** How registries are spoken to. Times are in milliseconds. */
export interface RegistrySettings {
  /** Hosts (with port) that may be spoken to without TLS; loopback always may. `true` = all. */
  insecure: boolean | readonly string[];
  /** Base URLs tried before the registry itself, by its domain: `{ 'docker.io': ['https://mirror.example'] }`. */
  mirrors: Readonly<Record<string, readonly string[]>>;
  credentials: CredentialSource;
  /** How often a request or a blob that makes no progress is tried in all. */
  attempts: number;
  /** First pause between two tries; doubled each time up to `longestBackoffMs`, with jitter. */
  backoffMs: number;
  longestBackoffMs: number;
  /** A registry that asks for a longer pause (Retry-After) is not waited for. */
  longestRetryAfterMs: number;
  /** A connection on which nothing arrives for this long has stalled. */
  stallMs: number;
  /** Layers fetched at a time. */
  parallel: number;
  fetch: typeof globalThis.fetch;
  /** Between 0 and 1. */
  random: () => number;
  userAgent: string;
}

/** docker’s habits where it has some (3 layers at a time, 5 attempts); no credentials, no mirrors. */
export const DEFAULT_SETTINGS: RegistrySettings = {
  insecure: false,
  mirrors: {},
  credentials: async () => undefined,
  attempts: 5,
  backoffMs: 500,
  longestBackoffMs: 15_000,
  longestRetryAfterMs: 60_000,
  stallMs: 30_000,
  parallel: 3,
  fetch: (...args) => globalThis.fetch(...args),
  random: Math.random,
  userAgent: 'underdock',
};
