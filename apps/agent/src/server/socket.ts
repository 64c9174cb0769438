import type { Server as HttpServer } from 'node:http';
import type { DoctorReport, Problem } from '@underdock/trace';
import { Server, type Socket } from 'socket.io';
import type { Library } from '../library/library.ts';
import type { Runs } from '../run/runs.ts';
import type { Access, Role } from './access.ts';
import { Bucket } from './bucket.ts';
import { problem } from './problem.ts';
import type { RawOutputs } from './rawOutput.ts';
import { SocketTalk } from './socketTalk.ts';

export interface SocketOptions {
  runs: Runs;
  access: Access;
  rawOutputs: RawOutputs;
  library?: Library;
  doctor: () => Promise<DoctorReport>;
  log: (line: string) => void;
  maxConnections?: number;
}

/** An audience of some hundreds fits, a loop that opens sockets does not. */
const MAX_CONNECTIONS = 1000;
/** Larger than the largest valid message (`input`), smaller than anything that could hurt. */
const MAX_MESSAGE_BYTES = 256 * 1024;
const TELL_RUNS_MS = 100;

/** Messages a second from one socket, and how many at once: typing and pasting never reach it. */
export const MESSAGES_PER_SECOND = 1000;
export const MESSAGE_BURST = 2000;

/** Serves the live stream on `socket.io/`: `follow`, `unfollow`, `attach`, `input`, `resize` in; `role`, `header`, `events`, `watching`, `runs`, `library`, `doctor`, `output` out. */
export function serveSockets(server: HttpServer, options: SocketOptions): { close(): Promise<void> } {
  const io = new Server(server, {
    path: '/socket.io/',
    serveClient: false,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    // Cookies would make cross-site requests dangerous; the token travels in the handshake instead.
    cookie: false,
    perMessageDeflate: false,
  });
  const limit = options.maxConnections ?? MAX_CONNECTIONS;
  io.use((socket, next) => {
    const { token } = socket.handshake.auth as { token?: unknown };
    const role = options.access.roleOf(typeof token === 'string' ? token : undefined);
    if (!role)
      next(
        refusal('unauthorized', 'this link is no longer valid', 'open the link that `underdock up` printed'),
      );
    else if (io.engine.clientsCount > limit)
      next(refusal('too-many-connections', `there are ${limit} connections already`));
    else {
      (socket.data as { role: Role }).role = role;
      next();
    }
  });
  io.on('connection', (socket) => welcome(socket, options));
  const stopTelling = tellRuns(io, options.runs);
  // Only that it has changed: whoever shows it asks for what he shows.
  const stopTellingLibrary = options.library?.onChange(() => io.emit('library'));
  return {
    async close() {
      stopTelling();
      stopTellingLibrary?.();
      await io.close();
    },
  };
}

function welcome(socket: Socket, options: SocketOptions): void {
  const talk = new SocketTalk(socket, options, new Bucket(MESSAGE_BURST, MESSAGES_PER_SECOND));
  talk.listen();
  // The page shows no controls to somebody who may only look.
  socket.emit('role', (socket.data as { role: Role }).role);
  socket.emit('watching', { on: options.runs.watching });
  socket.emit('runs', options.runs.list());
  // The command line has no place for it, and examining a host starts programs.
  if (socket.handshake.auth.client === 'cli') return;
  options.doctor().then(
    (report) => socket.emit('doctor', report),
    (error) => options.log(`the host could not be examined: ${error?.stack ?? error}`),
  );
}

/** Everybody hears of changes at most ten times a second, of the last one always. Returns how to end it. */
function tellRuns(io: Server, runs: Runs): () => void {
  let due = false;
  return runs.onChange(() => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      io.emit('watching', { on: runs.watching });
      io.emit('runs', runs.list());
    }, TELL_RUNS_MS).unref();
  });
}

function refusal(code: string, message: string, remedy?: string): Error & { data: Problem } {
  return Object.assign(new Error(message), { data: problem(401, code, message, remedy).problem });
}
