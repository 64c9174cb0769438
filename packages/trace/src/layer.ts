import { z } from 'zod';

/** The six layers of a chain, from the command that one types down to the process that lives. */
export const LAYERS = ['client', 'engine', 'high-level', 'low-level', 'kernel', 'process'] as const;
export const layerSchema = z.enum(LAYERS);
export type Layer = z.infer<typeof layerSchema>;

/** The ways in: who is commanded. `watch` is a trace of what others started. */
export const VIAS = ['embedded', 'docker', 'compose', 'containerd', 'cri', 'oci', 'watch'] as const;
export const viaSchema = z.enum(VIAS);
export type Via = z.infer<typeof viaSchema>;
