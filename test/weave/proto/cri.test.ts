import { existsSync, readFileSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';

const OURS = new URL('../../../packages/weave/src/proto/cri/runtime.proto', import.meta.url).pathname;
/** Go programs carry the whole definitions of what they speak, compressed. */
const CARRIERS = ['/usr/bin/containerd', '/usr/local/bin/containerd', '/usr/bin/crio', '/usr/bin/kubelet'];
const GZIP = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);

/** What a FileDescriptorProto says of its messages: `Message.field` to its number, type and repetition (descriptor.proto). */
interface Definitions {
  fields: Map<string, string>;
  values: Map<string, number>;
  methods: Set<string>;
}

const DESCRIPTOR = `syntax = "proto2";
message File { optional string package = 2; repeated Message message_type = 4; repeated Enum enum_type = 5; repeated Service service = 6; }
message Message { optional string name = 1; repeated Field field = 2; repeated Message nested_type = 3; repeated Enum enum_type = 4; }
message Field { optional string name = 1; optional int32 number = 3; optional int32 label = 4; optional int32 type = 5; optional string type_name = 6; }
message Enum { optional string name = 1; repeated Value value = 2; }
message Value { optional string name = 1; optional int32 number = 2; }
message Service { optional string name = 1; repeated Method method = 2; }
message Method { optional string name = 1; optional string input_type = 2; optional string output_type = 3; optional bool server_streaming = 6; }`;
const { root } = protobuf.parse(DESCRIPTOR);
const TYPES: Record<number, string> = {
  ...{ 3: 'int64', 4: 'uint64', 5: 'int32', 8: 'bool', 9: 'string', 12: 'bytes', 13: 'uint32' },
};

interface Told {
  name: string;
  field?: { name: string; number: number; label: number; type: number; typeName?: string }[];
  nestedType?: Told[];
  enumType?: { name: string; value: { name: string; number: number }[] }[];
}

/** The definitions of runtime.v1 out of a program; undefined where it carries none. */
function carried(program: string): Definitions | undefined {
  const bytes = readFileSync(program);
  for (let at = bytes.indexOf(GZIP); at >= 0; at = bytes.indexOf(GZIP, at + 1)) {
    const file = unzipped(bytes.subarray(at, at + 200_000));
    if (!file?.includes('RunPodSandbox')) continue;
    const told = root.lookupType('File').decode(file) as unknown as {
      package: string;
      messageType: Told[];
      enumType: Told['enumType'];
      service: { name: string; method: { name: string; inputType: string; outputType: string }[] }[];
    };
    if (told.package === 'runtime.v1') return definitionsOf(told);
  }
  return undefined;
}

function unzipped(bytes: Buffer): Buffer | undefined {
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return undefined;
  }
}

const short = (name: string) => name.replace(/^\.runtime\.v1\./, '');

function definitionsOf(file: {
  messageType: Told[];
  enumType: Told['enumType'];
  service: { name: string; method: { name: string; inputType: string; outputType: string }[] }[];
}): Definitions {
  const found: Definitions = { fields: new Map(), values: new Map(), methods: new Set() };
  const enums = (all: Told['enumType'] = []) => {
    for (const one of all)
      for (const { name, number } of one.value) found.values.set(`${one.name}.${name}`, number);
  };
  const add = (message: Told) => {
    for (const { name, number, label, type, typeName } of message.field ?? []) {
      const kind = typeName ? short(typeName) : TYPES[type];
      found.fields.set(`${message.name}.${name}`, `${label === 3 ? 'repeated ' : ''}${kind} = ${number}`);
    }
    enums(message.enumType);
  };
  file.messageType.forEach(add);
  enums(file.enumType);
  for (const { name, method } of file.service)
    for (const one of method)
      found.methods.add(`${name}/${one.name} ${short(one.inputType)} ${short(one.outputType)}`);
  return found;
}

/** Ours in the same words. */
function ours(): Definitions {
  const found: Definitions = { fields: new Map(), values: new Map(), methods: new Set() };
  const space = protobuf.loadSync(OURS).lookup('runtime.v1') as protobuf.Namespace;
  const enumOf = (one: protobuf.Enum) => {
    for (const [name, number] of Object.entries(one.values)) found.values.set(`${one.name}.${name}`, number);
  };
  for (const one of space.nestedArray) {
    if (one instanceof protobuf.Enum) enumOf(one);
    else if (one instanceof protobuf.Service)
      for (const { name, requestType, responseType } of one.methodsArray)
        found.methods.add(`${one.name}/${name} ${requestType} ${responseType}`);
    else if (one instanceof protobuf.Type) {
      for (const nested of one.nestedArray) if (nested instanceof protobuf.Enum) enumOf(nested);
      for (const field of one.fieldsArray)
        found.fields.set(`${one.name}.${snake(field.name)}`, typeOf(one, field));
    }
  }
  return found;
}

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** A map is a repeated message of its own on the wire. */
function typeOf(message: protobuf.Type, field: protobuf.Field): string {
  const camel = field.name[0]!.toUpperCase() + field.name.slice(1);
  if (field.map) return `repeated ${message.name}.${camel}Entry = ${field.id}`;
  const nested = message.nested?.[field.type] ? `${message.name}.${field.type}` : field.type;
  return `${field.repeated ? 'repeated ' : ''}${nested} = ${field.id}`;
}

const carrier = CARRIERS.find((program) => existsSync(program));
const whole = carrier === undefined ? undefined : carried(carrier);

describe.runIf(whole !== undefined)('our definitions of the CRI', () => {
  test('are held against the whole ones, which the installed runtime carries', () => {
    expect(whole?.fields.size).toBeGreaterThan(200);
  });

  test('have the numbers and types of the whole ones', () => {
    const mine = Object.fromEntries(ours().fields);
    const theirs = Object.fromEntries(
      [...ours().fields.keys()].map((name) => [name, whole?.fields.get(name)]),
    );
    expect(mine).toEqual(theirs);
  });

  test('have their enumerations and methods', () => {
    for (const [name, number] of ours().values)
      expect(`${name} ${whole?.values.get(name)}`).toBe(`${name} ${number}`);
    for (const method of ours().methods) expect([...(whole?.methods ?? [])]).toContain(method);
  });
});
