import type { BlobSink, BlobSource, BlobStore } from '@underdock/image';
import { AgentError } from '../../error.ts';
import type { Calling, Dialogue } from '../grpc/call.ts';
import { GrpcRefusal } from '../grpc/failure.ts';
import { ask, askMany, askUnless, type Containerd, converse, ctr } from './api.ts';

/** On whose behalf content is read and written. */
export interface ContentAsking extends Pick<Calling, 'tell' | 'container' | 'metadata' | 'signal'> {
  /** The spans of the act that a blob is fetched for, nearest first. */
  causeOf: (digest: string) => string[];
  /** Makes the names of what is being written ours alone. */
  run: string;
  /** The image’s name in containerd. */
  image: string;
}

/** A piece of a blob as it is sent: well below the largest message that containerd takes. */
const PIECE = 1 << 20;

interface Written {
  offset: string;
}

/** containerd’s content store as the place that a pull puts an image into: blobs by digest, each verified by containerd. */
export class ContentStore implements BlobStore {
  readonly #containerd: Containerd;
  readonly #asking: ContentAsking;

  constructor(containerd: Containerd, asking: ContentAsking) {
    this.#containerd = containerd;
    this.#asking = asking;
  }

  readonly references: BlobStore['references'] = {
    /** An image has one name in containerd, its tag included. */
    get: async () => {
      const { image } = this.#asking;
      const { daemon, socket } = this.#containerd;
      const found = await askUnless<{ image: { target: Descriptor } }>(
        ['NOT_FOUND'],
        daemon,
        'Images/Get',
        { name: image },
        this.#calling('', {
          request: { name: image },
          equivalent: ctr(socket, 'images', 'ls', `name==${image}`),
        }),
      );
      const target = found?.image.target;
      return target && { ...target, size: Number(target.size) };
    },
    // The name is given once everything is there and unpacked.
    set: async () => {},
  };

  async size(digest: string): Promise<number | undefined> {
    const { daemon, socket } = this.#containerd;
    const calling = this.#calling(digest, {
      request: { digest },
      equivalent: ctr(socket, 'content', 'ls', `digest==${digest}`),
    });
    const found = await askUnless<{ info: { size: string } }>(
      ['NOT_FOUND'],
      daemon,
      'Content/Info',
      { digest },
      calling,
    );
    return found && Number(found.info.size);
  }

  async read(digest: string): Promise<Uint8Array> {
    const { daemon, socket } = this.#containerd;
    const calling = this.#calling(digest, {
      request: { digest },
      equivalent: ctr(socket, 'content', 'get', digest),
    });
    const pieces: Uint8Array[] = [];
    for await (const { data } of askMany<{ data: Uint8Array }>(daemon, 'Content/Read', { digest }, calling))
      pieces.push(data);
    return Buffer.concat(pieces);
  }

  async write(
    blob: { digest: string; size: number },
    source: BlobSource,
    options: { signal?: AbortSignal } = {},
  ): Promise<{ cached: boolean }> {
    if ((await this.size(blob.digest)) !== undefined) return { cached: true };
    const { socket, daemon } = this.#containerd;
    const { digest, size } = blob;
    const ref = `underdock-${this.#asking.run}-${digest}`;
    const words = ['content', 'ingest', '--expected-digest', digest, '--expected-size', String(size), ref];
    const calling = this.#calling(digest, {
      request: { ref, expected: digest, total: size },
      equivalent: `${ctr(socket, ...words)} < BLOB`,
      timeoutMs: 0,
    });
    const dialogue = converse<Written>(daemon, 'Content/Write', calling);
    const sink = new ContentSink(dialogue, ref, blob);
    try {
      await source(sink, options.signal ?? new AbortController().signal);
      const cached = await sink.commit();
      dialogue.end({ bytes: sink.bytes });
      return { cached };
    } catch (error) {
      dialogue.fail(error);
      await this.#abort(ref, digest);
      throw error;
    }
  }

  /** What was half-written goes; where containerd itself is gone, it forgets it in a day. */
  async #abort(ref: string, digest: string): Promise<void> {
    const { signal: _over, ...calling } = this.#calling(digest, { request: { ref } });
    await askUnless(['NOT_FOUND'], this.#containerd.daemon, 'Content/Abort', { ref }, calling).catch(
      () => {},
    );
  }

  /** Labels by which containerd’s garbage collection knows what this blob needs. */
  async label(digest: string, labels: Record<string, string>): Promise<void> {
    const paths = Object.keys(labels).map((name) => `labels.${name}`);
    const { daemon, socket } = this.#containerd;
    const words = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    await ask(
      daemon,
      'Content/Update',
      { info: { digest, labels }, updateMask: { paths } },
      this.#calling(digest, {
        request: { digest, labels },
        equivalent: ctr(socket, 'content', 'label', digest, ...words),
      }),
    );
  }

  #calling(digest: string, more: Partial<Calling>): Calling {
    const { tell, container, metadata, signal, causeOf } = this.#asking;
    return {
      tell,
      cause: causeOf(digest),
      container,
      ...(metadata ? { metadata } : {}),
      signal,
      ...more,
    };
  }
}

/** What a descriptor says of a blob. */
interface Descriptor {
  mediaType: string;
  digest: string;
  size: string;
}

class ContentSink implements BlobSink {
  readonly #dialogue: Dialogue<Written>;
  readonly #ref: string;
  readonly #blob: { digest: string; size: number };
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #sent = 0;

  constructor(dialogue: Dialogue<Written>, ref: string, blob: { digest: string; size: number }) {
    this.#dialogue = dialogue;
    this.#ref = ref;
    this.#blob = blob;
  }

  get bytes(): number {
    return this.#sent + this.#waitingBytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.byteLength;
    if (this.#waitingBytes >= PIECE) await this.#flush();
  }

  async restart(): Promise<void> {
    this.#waiting = [];
    this.#waitingBytes = 0;
    // The next piece is sent with offset 0, and with that containerd begins again.
    this.#sent = 0;
  }

  /** Resolves with true when somebody else has brought the same meanwhile. */
  async commit(): Promise<boolean> {
    const { digest, size } = this.#blob;
    try {
      await this.#flush();
      await this.#dialogue.say({
        ...{ action: 'COMMIT', ref: this.#ref, total: size, expected: digest, offset: this.#sent },
      });
      return false;
    } catch (error) {
      if (!(error instanceof GrpcRefusal)) throw error;
      if (error.status === 'ALREADY_EXISTS') return true;
      if (!/unexpected commit (digest|size)/.test(error.words)) throw error;
      throw new AgentError(
        'digest-mismatch',
        `containerd does not take ${digest}: ${error.words}; it was damaged or changed on the way or in the registry`,
        { cause: error, remedy: 'pull from another registry, or push the image again' },
      );
    }
  }

  async #flush(): Promise<void> {
    const data = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    const { digest, size } = this.#blob;
    for (let at = 0; at < data.length; at += PIECE) {
      const piece = data.subarray(at, at + PIECE);
      const offset = this.#sent;
      await this.#dialogue.say({
        ...{ action: 'WRITE', ref: this.#ref, total: size, expected: digest, offset, data: piece },
      });
      this.#sent += piece.length;
    }
  }
}
