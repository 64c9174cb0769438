import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { text } from '../fields.ts';
import { at } from '../provenance/values.ts';
import { containersIn } from '../provenance.ts';
import { isObject, limitsOf, mountsOf, portsOf } from './outside.ts';
import { networkOf, othersOf, privilegesOf } from './privileges.ts';
import { processOf, unsureNames } from './process.ts';
import {
  filled,
  first,
  inBody,
  inConfig,
  inEvent,
  option,
  type Sources,
  sourcesOf,
  told,
  yes,
} from './sources.ts';
import type { Portable, Told } from './types.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Ids of the containers of a trace that can be carried elsewhere: all but a pod’s pause container. */
export function carriedContainers(events: readonly TraceEvent[]): string[] {
  const sandboxes = new Set(
    events.filter(isOfSandbox).map(({ container, data }) => container ?? text(data, 'id')),
  );
  const all = containersIn(events);
  const others = all.filter((id) => !sandboxes.has(id));
  return others.length > 0 ? others : all;
}

const TYPES = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'];

function isOfSandbox({ step, data }: TraceEvent): boolean {
  if (step.endsWith('/has-sandbox')) return true;
  const annotations = at(data, 'config.annotations');
  return isObject(annotations) && TYPES.some((type) => annotations[type] === 'sandbox');
}

/** What makes a container the one that it was, read out of the events of its trace. */
export function portableOf(header: TraceHeader, events: readonly TraceEvent[], container: string): Portable {
  const from = sourcesOf(header, events, container);
  const { config } = from.seen;
  return {
    container,
    name: nameOf(from),
    arch: header.host.arch,
    image: imageOf(from),
    ...processOf(from),
    unsure: unsureNames(from),
    removed: removedOf(from),
    detached: option(from, 'detach', '--detach', yes),
    hostname: hostnameOf(from),
    ...limitsOf(from),
    ...privilegesOf(from),
    mounts: mountsOf(from),
    ports: portsOf(from),
    network: networkOf(from),
    others: othersOf(from),
    builtBy:
      from.asked?.event.step === 'client/run' ? option(from, 'runtime', '--runtime', filled) : undefined,
    config: config && told(config.config, config.path, config.event),
  };
}

/** What underdock commands goes at its end, unless it is to be kept. */
function removedOf(from: Sources): Told<true> | undefined {
  const { asked } = from;
  const ours = asked?.event.step === 'client/run' && asked.options.keep !== true;
  if (ours) return told(true, 'underdock’s own rule', asked.event, asked.options.rm !== true);
  return first(option(from, 'rm', '--rm', yes), !asked && inBody(from, 'HostConfig.AutoRemove', yes));
}

function nameOf(from: Sources): Told<string> | undefined {
  const given = option(from, 'name', '--name', filled);
  if (given) return given;
  const made = first(
    inEvent(from, ['engine/has-container', 'engine/create-container'], 'name'),
    inConfig(from, 'annotations', (all) =>
      filled((all as Record<string, unknown>)['io.kubernetes.cri.container-name']),
    ),
  );
  return made && { ...made, from: { ...made.from, isDefault: true } };
}

/** The engine’s own host name for a container is the beginning of its id. */
function hostnameOf(from: Sources): Told<string> | undefined {
  const { container } = from.seen;
  const own = (value: unknown) => {
    const name = filled(value);
    return name !== undefined && container !== '' && container.startsWith(name) ? undefined : name;
  };
  return first(
    option(from, 'hostname', '--hostname', filled),
    !from.asked && inBody(from, 'Hostname', own),
    !from.asked && from.seen.bodies.length === 0 && inConfig(from, 'hostname', own),
  );
}

const RESOLVED = ['high-level/resolve-image'];
const NAMED = ['engine/has-container', 'high-level/create-container', 'high-level/resolve-image'];

function imageOf(from: Sources): Portable['image'] {
  const id = first(
    inEvent(from, ['high-level/resolve-image', 'engine/has-container'], 'configDigest', isDigest),
    inEvent(from, NAMED, 'image', isDigest),
  );
  const reference = first<string>(
    inEvent(from, RESOLVED, 'reference', (value) => !isDigest(value)),
    !!from.asked?.image && told(from.asked.image, 'IMAGE', from.asked.event),
    inBody(from, 'Image', (value) => (isDigest(String(value)) ? undefined : filled(value))),
    inEvent(from, NAMED, 'image', (value) => !isDigest(value)),
    inConfig(from, 'annotations', annotatedImage),
  );
  const written = reference && /@(sha256:[0-9a-f]{64})$/.exec(reference.value)?.[1];
  const digest = first(
    written !== undefined && { value: written, from: reference!.from },
    inEvent(from, [...RESOLVED, 'engine/has-container'], 'digest', (value) => {
      return isDigest(value) && value !== id?.value;
    }),
    digestOfCalls(from),
  );
  return { ...(reference ? { reference } : {}), ...(digest ? { digest } : {}), ...(id ? { id } : {}) };
}

function annotatedImage(all: unknown): string | undefined {
  return filled((all as Record<string, unknown>)['io.kubernetes.cri.image-name']);
}

/** An image that others pulled is named by digest in what their runtime was asked. */
function digestOfCalls({ events }: Sources): Told<string> | undefined {
  const found = events.findLast(({ data }) => {
    const target = text(data, 'targetDigest') ?? at(data, 'request.targetDigest');
    return typeof target === 'string' && isDigest(target);
  });
  if (!found) return undefined;
  const value = text(found.data, 'targetDigest') ?? String(at(found.data, 'request.targetDigest'));
  return told(value, `${found.step} targetDigest`, found);
}

function isDigest(value: string): boolean {
  return DIGEST.test(value);
}
