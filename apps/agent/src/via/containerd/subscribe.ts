import type { Subscribe } from '../../layers/3-high-level/containerdEvents.ts';
import { readEnvelope } from './envelope.ts';

const METHOD = '/containerd.services.events.v1.Events/Subscribe';

/** Subscribes to all events of a containerd, over gRPC on its socket. The library is loaded at the first call. */
export const subscribe: Subscribe = async function* ({ pid, socket }, signal) {
  const { Client, credentials } = await import('@grpc/grpc-js');
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  const pass = (bytes: Buffer) => bytes;
  // A SubscribeRequest without filters is an empty message.
  const stream = client.makeServerStreamRequest(METHOD, pass, pass, Buffer.alloc(0));
  const cancel = () => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    for await (const bytes of stream as AsyncIterable<Uint8Array>) {
      const at = { wallMs: Date.now(), monotonicMs: Number(process.hrtime.bigint()) / 1e6 };
      const record = readEnvelope(bytes, pid, at);
      if (record) yield record;
    }
  } finally {
    signal.removeEventListener('abort', cancel);
    client.close();
  }
};
