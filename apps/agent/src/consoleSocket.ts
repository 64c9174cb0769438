import { closeSync } from 'node:fs';
import { addressOf, KernelCallError, mustCall } from './kernelCalls.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** A listening unix socket on which an OCI runtime hands over the master side of the container's terminal. */
export interface ConsoleSocket {
  path: string;
  /** The terminal's master, once the runtime's `create` has returned. Throws when nothing was handed over. */
  receive(): number;
  /** Closes the listener; the socket's file is left to the owner of its folder. */
  close(): void;
}

/** Listens at `path` (107 bytes at most, unix(7)) for one descriptor, as `--console-socket` wants it. */
export function listenForConsole(path: string): ConsoleSocket {
  const listener = mustCall(
    'socket',
    'int socket(int domain, int type, int protocol)',
    AF_UNIX,
    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
    0,
  );
  try {
    const address = unixAddress(path);
    mustCall(
      'bind',
      'int bind(int fd, const void *address, unsigned int length)',
      listener,
      address,
      address.length,
    );
    mustCall('listen', 'int listen(int fd, int backlog)', listener, 1);
  } catch (error) {
    closeSync(listener);
    throw error;
  }
  return { path, receive: () => acceptDescriptor(listener), close: () => closeSync(listener) };
}

function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > 107) throw new KernelCallError(`bind of a socket path of ${bytes.length} bytes`, 36);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  return address;
}

function acceptDescriptor(listener: number): number {
  const peer = mustCall(
    'accept4',
    'int accept4(int fd, void *address, void *length, int flags)',
    listener,
    null,
    null,
    SOCK_CLOEXEC,
  );
  try {
    return receiveDescriptor(peer);
  } finally {
    closeSync(peer);
  }
}

/** recvmsg(2) with room for one descriptor (cmsg(3)); the layout is that of 64-bit Linux. */
function receiveDescriptor(socket: number): number {
  const text = Buffer.alloc(4096);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(addressOf(text), 0);
  vector.writeBigUInt64LE(BigInt(text.length), 8);
  const control = Buffer.alloc(24);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(addressOf(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  mustCall('recvmsg', 'long recvmsg(int fd, void *message, int flags)', socket, message, MSG_CMSG_CLOEXEC);
  const isRights = control.readInt32LE(8) === SOL_SOCKET && control.readInt32LE(12) === SCM_RIGHTS;
  if (!isRights || control.readBigUInt64LE(0) < 20n) throw new KernelCallError('recvmsg of a terminal', 9);
  return control.readInt32LE(16);
}
