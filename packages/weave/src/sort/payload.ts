import protobuf from 'protobufjs/minimal.js';

/** A field of a message: its name, and what it is made of when it is a message itself or JSON of which a part is told. */
type Field = string | { name: string; fields: Fields } | { name: string; json: (value: unknown) => unknown };
type Fields = Readonly<Record<number, Field>>;

/** The limits in an OCI runtime config’s `linux.resources`: what a flag of docker’s comes to. */
function limitsOf(resources: unknown): Record<string, unknown> {
  const { memory, cpu, pids } = (resources ?? {}) as Record<string, Record<string, unknown> | undefined>;
  const limits = {
    memory: memory?.limit,
    memorySwap: memory?.swap,
    cpuQuota: cpu?.quota,
    cpuPeriod: cpu?.period,
    cpuShares: cpu?.shares,
    pids: pids?.limit,
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => typeof value === 'number'));
}

/** Of a whole config nothing else is told: it holds the environment. */
const specLimits = (spec: unknown) =>
  limitsOf((spec as { linux?: { resources?: unknown } } | null)?.linux?.resources);

/** `google.protobuf.Any` whose value is JSON. */
const any = (json: (value: unknown) => unknown): Fields => ({ 2: { name: 'limits', json } });
const UPDATE: Fields = { 1: 'container', 2: { name: 'resources', fields: any(limitsOf) } };
const TASK: Fields = { 1: 'container' };
const PROCESS: Fields = { 1: 'container', 2: 'execId' };
const KILL: Fields = { 1: 'container', 2: 'execId', 3: 'signal', 4: 'all' };

/** How a pod shares namespaces: 0 (not sent) among its containers, 1 not at all, 2 with the node. */
const NAMESPACES: Fields = { 1: 'network', 2: 'pid', 3: 'ipc' };

/** Methods by service and name to the fields that are told. What is not listed is never decoded. */
const MESSAGES: Readonly<Record<string, Readonly<Record<string, Fields>>>> = {
  'containerd.services.containers.v1.Containers': {
    Create: {
      1: {
        name: 'container',
        fields: {
          1: 'id',
          3: 'image',
          4: { name: 'runtime', fields: { 1: 'name' } },
          5: { name: 'spec', fields: any(specLimits) },
          6: 'snapshotter',
          7: 'snapshotKey',
        },
      },
    },
    Update: { 1: { name: 'container', fields: { 1: 'id' } } },
    Get: TASK,
    Delete: TASK,
  },
  'containerd.services.tasks.v1.Tasks': {
    Create: { 1: 'container', 7: 'terminal' },
    Start: PROCESS,
    Delete: TASK,
    DeleteProcess: PROCESS,
    Get: PROCESS,
    Kill: KILL,
    Exec: { 1: 'container', 5: 'terminal', 7: 'execId' },
    ResizePty: { ...PROCESS, 3: 'width', 4: 'height' },
    CloseIO: PROCESS,
    Pause: TASK,
    Resume: TASK,
    ListPids: TASK,
    Update: UPDATE,
    Wait: PROCESS,
  },
  'containerd.task.v2.Task': {
    Create: { 1: 'container', 2: 'bundle', 4: 'terminal' },
    State: PROCESS,
    Start: PROCESS,
    Delete: PROCESS,
    Exec: { ...PROCESS, 3: 'terminal' },
    Kill: KILL,
    Pids: TASK,
    Pause: TASK,
    Resume: TASK,
    Update: UPDATE,
    Wait: PROCESS,
    Stats: TASK,
    Connect: TASK,
    Shutdown: TASK,
    ResizePty: { ...PROCESS, 3: 'width', 4: 'height' },
    CloseIO: PROCESS,
  },
  'containerd.services.snapshots.v1.Snapshots': {
    Prepare: { 1: 'snapshotter', 2: 'key', 3: 'parent' },
    Commit: { 1: 'snapshotter', 2: 'name', 3: 'key' },
    Remove: { 1: 'snapshotter', 2: 'key' },
  },
  'containerd.services.images.v1.Images': {
    Get: { 1: 'name' },
    Create: { 1: { name: 'image', fields: { 1: 'name' } } },
    Delete: { 1: 'name' },
  },
  'runtime.v1.RuntimeService': {
    RunPodSandbox: {
      1: {
        name: 'config',
        fields: {
          1: { name: 'metadata', fields: { 1: 'name', 3: 'namespace' } },
          8: {
            name: 'options',
            fields: { 2: { name: 'security', fields: { 1: { name: 'namespaces', fields: NAMESPACES } } } },
          },
        },
      },
    },
    CreateContainer: {
      1: 'sandbox',
      2: {
        name: 'config',
        fields: {
          1: { name: 'metadata', fields: { 1: 'name' } },
          2: { name: 'image', fields: { 1: 'name' } },
        },
      },
    },
    StartContainer: TASK,
    StopContainer: TASK,
    RemoveContainer: TASK,
    ContainerStatus: TASK,
    ExecSync: TASK,
    StopPodSandbox: { 1: 'sandbox' },
    RemovePodSandbox: { 1: 'sandbox' },
  },
  'runtime.v1.ImageService': { PullImage: { 1: { name: 'image', fields: { 1: 'name' } } } },
};
const ALIASES: Readonly<Record<string, string>> = {
  'containerd.task.v3.Task': 'containerd.task.v2.Task',
  'runtime.v1alpha2.RuntimeService': 'runtime.v1.RuntimeService',
  'runtime.v1alpha2.ImageService': 'runtime.v1.ImageService',
};
/** containerd cuts nothing shorter, and no told value is longer. */
const LONGEST_TEXT = 512;

/** What was said in a call, as far as it is told and was captured. */
export interface Said {
  /** Decoded fields by name: texts, numbers, and messages as objects. */
  request: Record<string, unknown>;
  /** The container that the message is about. */
  container?: string;
  execId?: string;
}

/** The service and the verb of a method: `/containerd.services.tasks.v1.Tasks/Create` or without the leading slash. */
export function methodParts(method: string): { service: string; verb: string } {
  const at = method.lastIndexOf('/');
  return {
    service: method.slice(method.startsWith('/') ? 1 : 0, Math.max(at, 0)),
    verb: method.slice(at + 1),
  };
}

/** Decodes the listed fields of a call's message; a message that was cut gives those that lie before the cut. */
export function decodePayload(method: string, bytes: Uint8Array): Said {
  const { service, verb } = methodParts(method);
  const fields = MESSAGES[ALIASES[service] ?? service]?.[verb];
  const request = fields ? message(bytes, fields) : {};
  const { container, execId, sandbox, config } = request;
  // Of a pod’s sandbox too: but a call that makes a container in it is not about that.
  const about = container ?? (config === undefined ? sandbox : undefined);
  const id = typeof about === 'object' ? (about as { id?: unknown } | null)?.id : about;
  return {
    request,
    ...(typeof id === 'string' && id !== '' ? { container: id } : {}),
    ...(typeof execId === 'string' && execId !== '' ? { execId } : {}),
  };
}

function message(bytes: Uint8Array, fields: Fields): Record<string, unknown> {
  const reader = protobuf.Reader.create(bytes);
  const found: Record<string, unknown> = {};
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const field = fields[tag >>> 3];
      if (field === undefined) reader.skipType(tag & 7);
      else read(reader, tag & 7, field, found);
    }
  } catch {
    // The capture ends here: what came before it holds.
  }
  return found;
}

function read(reader: protobuf.Reader, wire: number, field: Field, into: Record<string, unknown>): void {
  if (typeof field !== 'string' && wire === 2) {
    const length = reader.uint32();
    const end = Math.min(reader.pos + length, reader.len);
    const bytes = reader.buf.subarray(reader.pos, end);
    if ('fields' in field) into[field.name] = message(bytes, field.fields);
    else if (bytes.length === length)
      into[field.name] = field.json(JSON.parse(new TextDecoder().decode(bytes)));
    reader.pos = end;
  } else if (typeof field === 'string' && wire === 2) into[field] = reader.string().slice(0, LONGEST_TEXT);
  else if (typeof field === 'string' && wire === 0) into[field] = reader.uint32();
  else reader.skipType(wire);
}
