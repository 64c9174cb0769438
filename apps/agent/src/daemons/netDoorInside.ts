// The inner side of a door between two network namespaces: runs in the inner one, and dies with the agent. Argument: the folder
// of the two unix sockets, which both sides see. Each line on standard input is a port of ours to listen on for the outer side.
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { firstLine, join, PROXY_PORT, sockets } from './netDoorTalk.ts';

const { inward, outward } = sockets(process.argv[2] ?? '.');
rmSync(inward, { force: true });

createServer({ allowHalfOpen: true }, (caller) => {
  firstLine(caller, (line, rest) => {
    const [host = '', port = ''] = line.split(' ');
    const target = connect({ host, port: Number(port), allowHalfOpen: true });
    target.write(rest);
    join(caller, target);
  });
}).listen(inward, () => process.stdout.write('ready\n'));

/** Asks the outer side for a connection. */
function outside(host: string, port: string | number): Socket {
  const socket = connect({ path: outward, allowHalfOpen: true });
  socket.write(`${host} ${port}\n`);
  return socket;
}

// dockerd reaches registries through this proxy: CONNECT alone (RFC 9110, 9.3.6).
createServer({ allowHalfOpen: true }, (caller) => {
  firstLine(caller, (line, rest) => {
    const [, host, port] = /^CONNECT \[?([^\s\]]+)\]?:(\d+) HTTP\/1\.[01]\r?$/.exec(line) ?? [];
    if (!host || !port) return void caller.end('HTTP/1.1 405 Method Not Allowed\r\n\r\n');
    afterHeaders(caller, rest, () => {
      caller.write('HTTP/1.1 200 Connection established\r\n\r\n');
      join(caller, outside(host, port));
    });
  });
}).listen(PROXY_PORT, '127.0.0.1');

function afterHeaders(caller: Socket, rest: Buffer, then: () => void): void {
  let text = rest.toString('latin1');
  const look = () => {
    if (!/(^|\n)\r?\n/.test(text)) return;
    caller.off('data', take);
    caller.pause();
    then();
  };
  const take = (bytes: Buffer) => {
    text += bytes.toString('latin1');
    look();
  };
  caller.on('data', take);
  caller.resume();
  look();
}

for await (const line of createInterface(process.stdin)) {
  const port = Number(line);
  createServer({ allowHalfOpen: true }, (caller) => join(caller, outside('127.0.0.1', port)))
    .on('error', () => process.stdout.write(`listening ${port}\n`))
    .listen(port, '127.0.0.1', () => process.stdout.write(`listening ${port}\n`));
}
