/** A pattern of what is called, and what the callee is asked to do by it. */
type Deed = readonly [pattern: RegExp, deed: string];

const NAME = '[^/]+';
const http = (call: string): RegExp =>
  new RegExp(`^${call.replace(' /', ' (?:/v[0-9.]+)?/').replaceAll('*', NAME)}$`);
const rpc = (call: string): RegExp => new RegExp(`[./]${call}$`);

const HTTP: readonly Deed[] = [
  [http('POST /containers/create'), 'create a container'],
  [http('POST /containers/*/start'), 'start a container'],
  [http('POST /containers/*/attach'), 'connect to a container’s streams'],
  [http('POST /containers/*/wait'), 'say when a container has ended'],
  [http('POST /containers/*/stop'), 'stop a container'],
  [http('POST /containers/*/restart'), 'restart a container'],
  [http('POST /containers/*/kill'), 'send a signal to a container'],
  [http('POST /containers/*/pause'), 'freeze a container'],
  [http('POST /containers/*/unpause'), 'thaw a container'],
  [http('POST /containers/*/update'), 'change a container’s limits'],
  [http('POST /containers/*/resize'), 'fit a terminal to its window'],
  [http('POST /containers/*/exec'), 'prepare a command in a container'],
  [http('POST /exec/*/start'), 'run a command in a container'],
  [http('DELETE /containers/*'), 'remove a container'],
  [http('POST /images/create'), 'pull an image'],
  [http('POST /images/.+/push'), 'push an image'],
  [http('POST /images/.+/tag'), 'give an image one more name'],
  [http('DELETE /images/.+'), 'remove an image'],
  [http('POST /build'), 'build an image'],
  [http('POST /networks/create'), 'create a network'],
  [http('DELETE /networks/*'), 'remove a network'],
  [http('POST /volumes/create'), 'create a volume'],
  [http('DELETE /volumes/*'), 'remove a volume'],
  [http('(?:GET|HEAD) /_ping'), 'say that it is there'],
  [http('GET /version'), 'tell its version'],
  [http('GET /info'), 'tell about itself'],
  [http('GET /events'), 'tell what happens'],
  [http('GET /containers/json'), 'list the containers'],
  [http('GET /containers/*/json'), 'describe a container'],
  [http('GET /containers/*/logs'), 'hand out a container’s output'],
  [http('GET /containers/*/stats'), 'measure a container'],
  [http('GET /images/json'), 'list the images'],
  [http('GET /images/.+/json'), 'describe an image'],
];

const RPC: readonly Deed[] = [
  [rpc('Tasks/Create'), 'build the container and let its process wait'],
  [rpc('Tasks?/Start'), 'let the process go'],
  [rpc('Task/Create'), 'have the runtime build the container'],
  [rpc('Tasks?/Delete'), 'clear away a process that has ended'],
  [rpc('Tasks?/Kill'), 'send a signal'],
  [rpc('Tasks?/Exec'), 'prepare one more process in the container'],
  [rpc('Tasks?/Pause'), 'freeze the container'],
  [rpc('Tasks?/Resume'), 'thaw the container'],
  [rpc('Tasks?/Update'), 'change the limits'],
  [rpc('Tasks?/Wait'), 'say when the process has ended'],
  [rpc('Tasks?/(Get|State)'), 'tell the state of the process'],
  [rpc('Tasks?/(Metrics|Stats)'), 'measure the container'],
  [rpc('Tasks?/(ListPids|Pids)'), 'list the container’s processes'],
  [rpc('Task/Connect'), 'tell its own pid and that of the process'],
  [rpc('Task/Shutdown'), 'end itself'],
  [rpc('Containers/Get'), 'look up its note on the container'],
  [rpc('Containers/Update'), 'change its note on the container'],
  [rpc('Containers/Delete'), 'forget the container'],
  [rpc('Leases/Create'), 'throw nothing away for a while'],
  [rpc('Leases/Delete'), 'throw away again what nobody needs'],
  [rpc('Images/Get'), 'look up an image'],
  [rpc('Images/Create'), 'note an image down'],
  [rpc('Content/Write'), 'store bytes of an image'],
  [rpc('Content/Info'), 'say whether it has some bytes'],
  [rpc('Snapshots/Prepare'), 'prepare a root filesystem'],
  [rpc('Snapshots/Remove'), 'remove a root filesystem'],
  [rpc('Diff/Apply'), 'unpack a layer'],
];

const DONE: readonly Deed[] = [
  [http('POST /containers/create'), 'the container has an id and a name'],
  [http('POST /containers/*/start'), 'the container runs'],
  [http('POST /containers/*/attach'), 'the container’s streams are closed'],
  [http('POST /containers/*/wait'), 'the container has ended'],
  [http('POST /containers/*/(?:stop|kill)'), 'the container has ended'],
  [http('POST /containers/*/exec'), 'the command has an id'],
  [http('POST /exec/*/start'), 'the command has ended'],
  [http('DELETE /containers/*'), 'the container is gone'],
  [http('POST /images/create'), 'the image is here'],
  [http('POST /images/.+/push'), 'the registry has the image'],
  [http('POST /build'), 'the image is built'],
];

const SIGNALS: Readonly<Record<string, string>> = { 1: 'SIGHUP', 2: 'SIGINT', 9: 'SIGKILL', 15: 'SIGTERM' };

/**
 * What a call asks for, in words: of `POST` and `/containers/create`, or of `…Tasks/Create` alone. `said` = the query of
 * a path, the decoded request of a remote call.
 */
export function deedOf(method: string, path?: string, said?: unknown): string | undefined {
  const call = path === undefined ? method : `${method} ${path}`;
  const deed = (path === undefined ? RPC : HTTP).find(([pattern]) => pattern.test(call))?.[1];
  return deed && (precisely(deed, said) ?? deed);
}

/** What it means that a request was answered well; undefined where nothing is known beyond the status. */
export function doneOf(method: string, path: string): string | undefined {
  return DONE.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];
}

/** The deed with the name or the signal that the call says. */
function precisely(deed: string, said: unknown): string | undefined {
  if (typeof said === 'string') {
    const query = new URLSearchParams(said);
    const [image, tag] = [query.get('fromImage'), query.get('tag')];
    if (deed === 'pull an image' && image)
      return `pull ${image}${tag ? (tag.includes(':') ? `@${tag}` : `:${tag}`) : ''}`;
    if (deed === 'build an image' && query.get('t')) return `build the image ${query.get('t')}`;
    if (deed === 'create a container' && query.get('name'))
      return `create the container ${query.get('name')}`;
    return undefined;
  }
  const signal = (said as { signal?: unknown } | undefined)?.signal;
  return deed === 'send a signal' && signal !== undefined
    ? `send ${SIGNALS[String(signal)] ?? `signal ${signal}`}`
    : undefined;
}
