import type { Client, Metadata } from '@grpc/grpc-js';
import type { Actor } from '@underdock/trace';
import { loadMessages, type Messages } from './messages.ts';

/** Where a daemon that speaks gRPC listens, and how to speak to it. */
export interface DaemonAddress {
  /** As errors name it: `containerd`, `CRI-O`. */
  name: string;
  socket: string;
  /** As events name it. */
  actor: Actor;
  /** Definitions under packages/weave/src/proto, without `.proto`. */
  protos: readonly string[];
  /** Sent with each call: `containerd-namespace`. */
  metadata?: Record<string, string>;
  /** What to do where nothing listens, where it may not be asked, and where it does not know a method. */
  remedies: { start: string; permission: string; version: string };
}

/** A daemon to which a connection is made as soon as something is asked. */
export interface Daemon extends DaemonAddress {
  client: Client;
  messages: Messages;
  /** A call's metadata: the daemon's own and `more`. */
  metadataOf(more?: Record<string, string>): Metadata;
  close(): void;
}

/** The largest answer: containerd's own limit (its defaults.DefaultMaxRecvMsgSize). */
const MOST_BYTES = 16 * 1024 * 1024;

/** Makes a client for a unix socket. Nothing is sent yet. The library is loaded at the first call. */
export async function openDaemon(address: DaemonAddress): Promise<Daemon> {
  const { Client, Metadata, credentials } = await import('@grpc/grpc-js');
  const messages = await loadMessages(address.protos);
  const client = new Client(`unix:${address.socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MOST_BYTES,
    'grpc.enable_http_proxy': 0,
    // A socket that one daemon has left is soon another's: nothing is remembered of it from client to client.
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    ...address,
    client,
    messages,
    metadataOf(more = {}) {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries({ ...address.metadata, ...more })) metadata.set(name, value);
      return metadata;
    },
    close: () => client.close(),
  };
}
