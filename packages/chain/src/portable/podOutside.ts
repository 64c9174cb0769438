import { publish } from './dockerCommand.ts';
import type { Ledger } from './ledger.ts';
import type { Portable, PortableMount } from './types.ts';
import { labelOf } from './words.ts';

/** A volume of a pod, and where its container has it. */
export interface Mounted {
  volume: Readonly<Record<string, unknown>>;
  mount: Readonly<Record<string, unknown>>;
}

/** The mounts as volumes of a pod. */
export function podMounts(portable: Portable, ledger: Ledger): Mounted[] {
  return portable.mounts.map((told, index) => {
    const { kind, source, target, readOnly } = told.value;
    ledger.keep(
      'Mount',
      [source, target].filter(Boolean).join(' on '),
      told,
      `mountPath: ${target}`,
      NOTES[kind],
    );
    if (kind === 'volume')
      ledger.fill.push(`a PersistentVolumeClaim named ${claimOf(portable, told.value)} for ${target}`);
    const name = `mount-${index + 1}`;
    return {
      volume: { name, ...volumeOf(portable, told.value) },
      mount: { name, mountPath: target, readOnly: readOnly || undefined },
    };
  });
}

const NOTES: Readonly<Record<PortableMount['kind'], string>> = {
  bind: 'a folder of whichever node the pod lands on; many clusters forbid it',
  tmpfs: 'memory of the node, counted for the pod’s limit',
  volume: 'by a claim that has to be there',
};

function volumeOf(portable: Portable, mount: PortableMount): Record<string, unknown> {
  if (mount.kind === 'bind') return { hostPath: { path: mount.source } };
  if (mount.kind === 'tmpfs') return { emptyDir: { medium: 'Memory' } };
  return { persistentVolumeClaim: { claimName: claimOf(portable, mount) } };
}

function claimOf(portable: Portable, { source, target }: PortableMount): string {
  const plain = (source ?? `${labelOf(portable)}${target}`).toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return plain.replace(/^-+|-+$/g, '').slice(0, 63) || 'data';
}

/** The published ports, on the node that the pod lands on. */
export function podPorts(portable: Portable, ledger: Ledger): Record<string, unknown>[] {
  return portable.ports.map((told) => {
    const { hostIp, host, inside, protocol } = told.value;
    const note = 'on the node that it lands on; a Service is what one would take';
    ledger.keep('Port', publish(told.value), told, `- containerPort: ${inside}`.slice(2), note);
    return {
      containerPort: inside,
      hostPort: host,
      hostIP: host === undefined ? undefined : hostIp,
      protocol: protocol.toUpperCase(),
    };
  });
}
