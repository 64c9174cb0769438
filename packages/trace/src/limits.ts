/** One line longer than this (characters) is passed over: no event of ours comes near, a hostile file does. */
export const MAX_LINE = 4 * 1024 * 1024;
/** A line that goes on for longer than this (characters) ends the reading. */
export const MAX_SKIPPED = 64 * 1024 * 1024;
/** Objects and lists may lie so deep in one another on one line; a config.json needs 9. */
export const MAX_DEPTH = 64;
/** The latest instant (ms after the header’s): thirty years. */
export const MAX_AT = 1e12;
/** So many events a reader has to keep at most; what comes later may be left out, if that is said. */
export const MAX_EVENTS = 1_000_000;
/** So many bytes of unpacked text, likewise: a small gzip can hold a disk full of zeros. */
export const MAX_BYTES = 1024 * 1024 * 1024;
/** So much memory (bytes, by the weight of each event) a reader has to spend on them. */
export const MAX_WEIGHT = 2 * 1024 * 1024 * 1024;
/** So many lines may be empty or faulty, and four more for each event, before reading ends. */
export const MAX_IDLE_LINES = 20_000;
