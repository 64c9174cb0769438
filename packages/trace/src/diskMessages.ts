import { z } from 'zod';

/** A directory of a container’s root filesystem, as `GET /api/runs/ID/layers` has it. */
export const diskLayerSchema = z.object({
  /** 0 is the lowest. */
  index: z.int().nonnegative(),
  kind: z.enum(['image', 'init', 'upper', 'copy']),
  folder: z.string().optional(),
  diffId: z.string().optional(),
  createdBy: z.string().optional(),
  bytes: z.number().optional(),
  /** Why its files can’t be looked into now; absent = they can. */
  closed: z.string().optional(),
  /** What lies in it now, counted; `more`: the counting was cut short. */
  counted: z.object({ entries: z.int(), bytes: z.number(), more: z.boolean() }).optional(),
});
export type DiskLayerAnswer = z.infer<typeof diskLayerSchema>;

/** The answer of `GET /api/runs/ID/layers`. */
export const diskStackSchema = z.object({
  container: z.string().optional(),
  kind: z.enum(['overlay', 'copy']).optional(),
  /** Lowest first. */
  layers: z.array(diskLayerSchema),
  /** Topmost first, as overlayfs is told. */
  lower: z.array(z.string()),
  upper: z.string().optional(),
  work: z.string().optional(),
  target: z.string().optional(),
  gone: z.boolean(),
  /** The options of the mount as the kernel shows them now; absent where it is not mounted. */
  mountOptions: z.string().optional(),
});
export type DiskStackAnswer = z.infer<typeof diskStackSchema>;

/** One name in a folder of a layer. */
export const diskEntrySchema = z.object({
  name: z.string(),
  kind: z.enum(['folder', 'file', 'link', 'whiteout', 'device', 'fifo', 'socket']),
  /** Permission bits, with set-user-id, set-group-id and sticky. */
  mode: z.int(),
  uid: z.int(),
  gid: z.int(),
  bytes: z.number().optional(),
  /** Where a symbolic link leads, as it is written. */
  target: z.string().optional(),
  /** Hides all that lower layers have in this folder. */
  opaque: z.boolean().optional(),
  /** Major and minor number. */
  device: z.string().optional(),
  /** The name is no UTF-8 text: it can be shown, but not be asked for. */
  unnameable: z.boolean().optional(),
});
export type DiskEntry = z.infer<typeof diskEntrySchema>;

/** The answer of `GET /api/runs/ID/layers/INDEX/files?path=`. */
export const diskFolderSchema = z.object({
  path: z.string(),
  entries: z.array(diskEntrySchema),
  /** So many names were found in all; `more`: not even all names were read. */
  count: z.int(),
  more: z.boolean(),
  opaque: z.boolean(),
});
export type DiskFolder = z.infer<typeof diskFolderSchema>;

/** The answer of `GET /api/runs/ID/layers/INDEX/content?path=`. */
export const diskContentSchema = z.object({
  path: z.string(),
  bytes: z.number(),
  /** So many bytes of them were looked at. */
  shown: z.int(),
  /** Absent where the file is no text. */
  text: z.string().optional(),
  /** What it seems to be where it is no text. */
  binary: z.string().optional(),
  /** What kinds of secrets were replaced in the text. */
  replaced: z.array(z.string()),
});
export type DiskContent = z.infer<typeof diskContentSchema>;
