import { ImageError } from '../error.ts';
import type { Descriptor } from '../manifest.ts';
import type { BlobSink } from '../store.ts';
import type { Endpoint } from './endpoint.ts';
import type { Answer, Journey } from './exchange.ts';
import { tried } from './retry.ts';

/** How a blob came. */
export interface BlobReport {
  attempts: number;
  /** Times that it was resumed in the middle. */
  resumed: number;
}

type Blob = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Fetches a blob into a sink. After a broken connection it asks for the rest (Range), or begins again where the
 * registry doesn't do ranges. Tries that brought bytes don't count against the limit of attempts.
 */
export async function fetchBlob(
  endpoint: Endpoint,
  blob: Blob,
  purpose: string,
  sink: BlobSink,
  journey: Journey,
  onProgress: (bytes: number) => void,
): Promise<BlobReport> {
  const report: BlobReport = { attempts: 0, resumed: 0 };
  let farthest = 0;
  let ranges = true;
  const progressed = () => {
    const further = sink.bytes > farthest;
    farthest = Math.max(farthest, sink.bytes);
    return further;
  };
  if (sink.bytes > 0) await sink.restart();
  await tried(
    journey.settings,
    journey.signal,
    async () => {
      report.attempts += 1;
      if (sink.bytes > 0 && !ranges) await sink.restart();
      const answer = await ask(endpoint, blob, purpose, sink.bytes, journey);
      const resumed = sink.bytes > 0 && answer.status === 206 && startOf(answer) === sink.bytes;
      if (resumed) report.resumed += 1;
      else if (sink.bytes > 0) {
        ranges = false;
        if (answer.status !== 200) return retryWhole(answer, sink);
        await sink.restart();
      }
      requireLength(answer, blob, sink.bytes);
      await drain(answer, blob, sink, onProgress);
    },
    progressed,
  );
  return report;
}

function ask(
  endpoint: Endpoint,
  blob: Blob,
  purpose: string,
  from: number,
  journey: Journey,
): Promise<Answer> {
  return endpoint.askOnce(
    {
      method: 'GET',
      path: `blobs/${blob.digest}`,
      headers: from > 0 ? { range: `bytes=${from}-` } : {},
      purpose,
      what: `blob ${blob.digest}`,
      ...(from > 0 ? { expected: [416] } : {}),
    },
    journey,
  );
}

async function retryWhole(answer: Answer, sink: BlobSink): Promise<never> {
  await answer.discard();
  await sink.restart();
  throw new ImageError('truncated', `${answer.url} broke off and can’t be resumed; try again`, {
    method: 'GET',
    url: answer.url,
    status: answer.status,
  });
}

function startOf(answer: Answer): number | undefined {
  const start = /^bytes (\d+)-/.exec(answer.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

function requireLength(answer: Answer, blob: Blob, from: number): void {
  const length = answer.headers.get('content-length');
  if (length === null || Number(length) === blob.size - from || answer.headers.has('content-encoding'))
    return;
  void answer.discard();
  throw new ImageError(
    'size-mismatch',
    `the registry serves ${Number(length) + from} bytes for ${blob.digest}, the manifest says ${blob.size}; the image was damaged there, pull from another registry or push it again`,
    { method: 'GET', url: answer.url, status: answer.status },
  );
}

async function drain(
  answer: Answer,
  blob: Blob,
  sink: BlobSink,
  onProgress: (bytes: number) => void,
): Promise<void> {
  for await (const chunk of answer.chunks()) {
    await sink.write(chunk);
    onProgress(sink.bytes);
  }
  if (sink.bytes < blob.size)
    throw new ImageError(
      'truncated',
      `${answer.url} ended after ${sink.bytes} of ${blob.size} bytes; try again, and if it stays so push the image again`,
      { method: 'GET', url: answer.url, status: answer.status },
    );
}
