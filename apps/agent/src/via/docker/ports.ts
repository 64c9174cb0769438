import { isIP } from 'node:net';
import { AgentError } from '../../error.ts';

/** One published port: what is reachable on the host, and where it leads. */
export interface PublishedPort {
  /** Absent = every address, as the engine has it. */
  hostIp?: string;
  /** Absent = the engine takes a free one. */
  hostPort?: number;
  containerPort: number;
  protocol: 'tcp' | 'udp' | 'sctp';
}

const MOST = 1000;
const FORM =
  /^(?:(?<ip>\[[^\]]*\]|[^:]*):)?(?:(?<host>\d+(?:-\d+)?)?:)?(?<inside>\d+(?:-\d+)?)(?:\/(?<proto>\w+))?$/;

/**
 * Ports as docker's --publish writes them: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `8000-8002:80-82`, `[::1]::80`. Throws
 * AgentError `bad-publish`.
 */
export function parsePublish(texts: readonly string[]): PublishedPort[] {
  const ports = texts.flatMap(parseOne);
  if (ports.length <= MOST) return ports;
  throw new AgentError('bad-publish', `--publish asks for ${ports.length} ports, more than ${MOST}`, {
    remedy: 'publish fewer ports, or take --network host',
  });
}

function parseOne(text: string): PublishedPort[] {
  const { ip, host, inside = '', proto = 'tcp' } = partsOf(text);
  const protocol = proto.toLowerCase();
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp')
    throw bad(text, `there is no protocol ${proto}`, 'the protocols are tcp, udp and sctp');
  const hostIp = ip?.replace(/^\[(.*)\]$/, '$1');
  if (hostIp && !isIP(hostIp)) throw bad(text, `${hostIp} is no IP address`, 'write it as 127.0.0.1:8080:80');
  const containers = range(text, inside);
  const hosts = host === undefined ? undefined : range(text, host);
  if (hosts && hosts.length !== containers.length)
    throw bad(text, 'the two ranges are not equally long', 'write it as 8000-8002:80-82');
  return containers.map((containerPort, i) => ({
    ...(hostIp ? { hostIp } : {}),
    ...(hosts ? { hostPort: hosts[i]! } : {}),
    containerPort,
    protocol,
  }));
}

/** `8080:80` has no address, `127.0.0.1:8080:80` has one: with two parts the first is the host's port. */
function partsOf(text: string): { ip?: string; host?: string; inside?: string; proto?: string } {
  const groups = FORM.exec(text)?.groups;
  if (!groups) throw bad(text, 'it is no published port', 'write it as 8080:80 or 127.0.0.1:8080:80');
  const { ip, host } = groups;
  if (ip !== undefined && host === undefined && /^\d+(-\d+)?$/.test(ip) && !text.startsWith(`${ip}::`))
    return { ...groups, ip: undefined as never, host: ip };
  return groups;
}

function range(text: string, words: string): number[] {
  const [from = 0, to = from] = words.split('-').map(Number);
  if (from < 1 || to > 65_535 || to < from)
    throw bad(text, `${words} is no port`, 'a port is a number from 1 to 65535');
  if (to - from >= MOST) throw bad(text, `${words} are more than ${MOST} ports`, 'publish fewer');
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function bad(text: string, what: string, remedy: string): AgentError {
  return new AgentError('bad-publish', `--publish ${JSON.stringify(text)}: ${what}`, { remedy });
}
