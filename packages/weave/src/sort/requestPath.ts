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
