/** Whether an HTTP method only asks. */
export function readsOnly(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** The container (id or name) or exec that a request to Docker's API is about, by its path: `/v1.41/containers/ID/start`. */
export function containerOf(path: string, query?: string): { container?: string; execId?: string } {
  const [, kind, id] = /^(?:\/v[\d.]+)?\/(containers|exec)\/([^/]+)/.exec(path) ?? [];
  if (kind === 'exec' && id) return { execId: id };
  if (!id || id === 'json' || id === 'prune') return {};
  if (id !== 'create') return { container: decoded(id) };
  const name = new URLSearchParams(query ?? '').get('name');
  return name ? { container: name } : {};
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Parameters of Docker’s API whose values are told: names, images, switches and sizes. Others may carry secrets. */
const TOLD = new Set([
  ...[
    'name',
    'fromImage',
    'fromSrc',
    'repo',
    'tag',
    't',
    'platform',
    'all',
    'force',
    'v',
    'link',
    'signal',
    'condition',
  ],
  ...[
    'filters',
    'size',
    'limit',
    'stream',
    'stdin',
    'stdout',
    'stderr',
    'logs',
    'follow',
    'since',
    'until',
    'tail',
    'h',
    'w',
  ],
  ...[
    'version',
    'dockerfile',
    'rm',
    'pull',
    'nocache',
    'noprune',
    'one-shot',
    'verbose',
    'digests',
    'path',
    'shared-size',
  ],
]);

/** A query as it is told: parameters that may carry secrets, a build’s arguments say, with their names alone. */
export function toldQuery(query: string | undefined): string | undefined {
  if (!query) return undefined;
  const told = query.split('&').map((part) => {
    const [name = ''] = part.split('=', 1);
    return TOLD.has(name) || !part.includes('=') ? part : `${name}=…`;
  });
  return told.join('&').slice(0, 500);
}
