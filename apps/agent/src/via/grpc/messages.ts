import { createRequire } from 'node:module';
import type { Root, Type } from 'protobufjs';

/** A message as a plain object: fields in camel case, 64-bit numbers as text, enumerations by name, bytes as Buffer. */
export type Message = Record<string, unknown>;

/** Turns one kind of message into bytes and back. */
export interface Codec {
  encode(message: Message): Buffer;
  /** Every field is there: what was not sent has its default (`''`, 0, `[]`; null for a message). */
  decode(bytes: Uint8Array): Message;
}

/** The definitions that a daemon is spoken to with. */
export interface Messages {
  /** What `/containerd.services.tasks.v1.Tasks/Create` is sent and answers. */
  method(path: string): { request: Codec; answer: Codec };
  /** A message by its full name, for what is packed into a `google.protobuf.Any`. */
  type(name: string): Codec;
}

const opened = new Map<string, Promise<Messages>>();

/** Reads definitions of packages/weave/src/proto (`containerd/tasks`) with all that they import, each set once. */
export function loadMessages(files: readonly string[]): Promise<Messages> {
  const key = files.join(' ');
  const known = opened.get(key) ?? read(files);
  opened.set(key, known);
  return known;
}

/** The library is loaded here and not before. */
async function read(files: readonly string[]): Promise<Messages> {
  const { default: protobuf } = await import('protobufjs');
  const { resolve } = createRequire(import.meta.url);
  const root = new protobuf.Root();
  await root.load(files.map((file) => resolve(`@underdock/weave/proto/${file}.proto`)));
  root.resolveAll();
  return messagesOf(root);
}

function messagesOf(root: Root): Messages {
  return {
    type: (name) => codecOf(root.lookupType(name)),
    method(path) {
      const [service = '', verb = ''] = path.replace(/^\//, '').split('/');
      const method = root.lookupService(service).methods[verb];
      if (!method?.resolvedRequestType || !method.resolvedResponseType) {
        throw new Error(`packages/weave/src/proto does not define ${path}`);
      }
      return { request: codecOf(method.resolvedRequestType), answer: codecOf(method.resolvedResponseType) };
    },
  };
}

function codecOf(type: Type): Codec {
  return {
    encode: (message) => Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: (bytes) =>
      type.toObject(type.decode(bytes), { longs: String, enums: String, bytes: Buffer, defaults: true }),
  };
}
