import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { decodePayload } from '@underdock/weave';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { loadMessages } from '../../apps/agent/src/via/grpc/messages.ts';

/** Where Debian’s packages have the full definitions, installed or as the tests unpack them. */
const ROOTS = ['/', resolve('test/.work/daemons')];
const CONTAINERD = 'usr/share/gocode/src/github.com/containerd/containerd';
const OURS = resolve('packages/weave/src/proto/containerd');

/** Every field, value and method, as `message.field` to what it is. */
type Definitions = Map<string, string>;

function protoFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.proto'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Each file by itself: what a file imports need not be there, as names are compared as they are written. */
function definitionsIn(folder: string): Definitions {
  const found: Definitions = new Map();
  for (const file of protoFiles(folder)) {
    const { root, package: name = '' } = protobuf.parse(readFileSync(file, 'utf8'), { keepCase: true });
    const scope = name === '' ? root : root.lookup(name);
    if (scope instanceof protobuf.Namespace) collect(scope, name, found);
  }
  return found;
}

function collect(scope: protobuf.NamespaceBase, name: string, found: Definitions): void {
  for (const one of scope.nestedArray) {
    const full = `${name}.${one.name}`;
    if (one instanceof protobuf.Type) {
      for (const field of one.fieldsArray) found.set(`${full}.${field.name}`, fieldText(field));
      collect(one, full, found);
    } else if (one instanceof protobuf.Enum) {
      for (const [value, number] of Object.entries(one.values)) found.set(`${full}.${value}`, String(number));
    } else if (one instanceof protobuf.Service) {
      for (const method of one.methodsArray) found.set(`${full}/${method.name}`, methodText(method));
    }
  }
}

function fieldText(field: protobuf.Field): string {
  const key = field instanceof protobuf.MapField ? `map ${field.keyType} ` : '';
  return `${field.repeated ? 'repeated ' : ''}${key}${field.type} = ${field.id}`;
}

function methodText({ requestType, requestStream, responseType, responseStream }: protobuf.Method): string {
  return `${requestStream ? 'stream ' : ''}${requestType} -> ${responseStream ? 'stream ' : ''}${responseType}`;
}

const full = ROOTS.map((root) => join(root, CONTAINERD)).find((folder) => existsSync(join(folder, 'api')));

describe('our definitions of containerd’s API', () => {
  test('say of each field, value and method what Debian’s full definitions say', (context) => {
    if (full === undefined) context.skip('not on this machine: golang-github-containerd-containerd-dev');
    const theirs = new Map([
      ...definitionsIn(join(full!, 'api')),
      ...definitionsIn(join(full!, 'runtime/v2/runc/options')),
    ]);
    const ours = [...definitionsIn(OURS)].filter(([name]) => !name.startsWith('google.'));
    expect(ours.length).toBeGreaterThan(150);
    expect(ours.filter(([name, text]) => theirs.get(name) !== text)).toEqual([]);
  });
});

describe('what is decoded of a call that a probe has seen', () => {
  const tasks = '/containerd.services.tasks.v1.Tasks';
  const one = { containerId: 'c', execId: 'e' };
  const told = { container: 'c', execId: 'e' };
  const spec = { linux: { resources: { memory: { limit: 7 } } } };
  test.each([
    [`${tasks}/Create`, { containerId: 'c', terminal: true }, { container: 'c', terminal: 1 }],
    [`${tasks}/Start`, one, told],
    [`${tasks}/Kill`, { ...one, signal: 9, all: true }, { ...told, signal: 9, all: 1 }],
    [`${tasks}/Exec`, { ...one, terminal: true }, { ...told, terminal: 1 }],
    [`${tasks}/ResizePty`, { ...one, width: 3, height: 4 }, { ...told, width: 3, height: 4 }],
    [`${tasks}/DeleteProcess`, one, told],
    [`${tasks}/Wait`, one, told],
    [
      '/containerd.services.snapshots.v1.Snapshots/Prepare',
      { snapshotter: 's', key: 'k', parent: 'p' },
      { snapshotter: 's', key: 'k', parent: 'p' },
    ],
    [
      '/containerd.services.snapshots.v1.Snapshots/Commit',
      { snapshotter: 's', name: 'n', key: 'k' },
      { snapshotter: 's', name: 'n', key: 'k' },
    ],
    [
      '/containerd.services.images.v1.Images/Create',
      { image: { name: 'n', labels: { a: 'b' } } },
      { image: { name: 'n' } },
    ],
    [
      '/containerd.services.containers.v1.Containers/Create',
      {
        container: {
          ...{ id: 'c', image: 'i', runtime: { name: 'r' }, snapshotter: 's', snapshotKey: 'k' },
          spec: { value: Buffer.from(JSON.stringify(spec)) },
        },
      },
      {
        container: {
          ...{ id: 'c', image: 'i', runtime: { name: 'r' }, snapshotter: 's', snapshotKey: 'k' },
          spec: { limits: { memory: 7 } },
        },
      },
    ],
  ])('is what our definitions say of it: %s', async (method, message, decoded) => {
    const { request } = (
      await loadMessages([
        'containerd/tasks',
        'containerd/snapshots',
        'containerd/images',
        'containerd/containers',
      ])
    ).method(method);
    expect(decodePayload(method, request.encode(message)).request).toEqual(decoded);
  });
});
