import { methodParts, type Said } from './payload.ts';

/** Whether a method is one of the CRI, Kubernetes’ interface to container runtimes. */
export function isCri(method: string | undefined): boolean {
  return /^\/?runtime\.v1(alpha2)?\.(Runtime|Image)Service\//.test(method ?? '');
}

/** Whether it only asks. */
export function criOnlyAsks(method: string): boolean {
  return /^(List|Version|Status|Get)|(Status|Stats|FsInfo|Config|Metrics)$/.test(methodParts(method).verb);
}

/** The container that a call of the CRI is about, else its pod’s sandbox, which is a container too. */
export function criSubject(said: Said | undefined): string | undefined {
  const sandbox = said?.request.sandbox;
  return said?.container ?? (typeof sandbox === 'string' && sandbox !== '' ? sandbox : undefined);
}

/** The pod’s name in a RunPodSandbox, with its namespace before it: `default/nginx`. */
export function podName(said: Said | undefined): string | undefined {
  const { name, namespace } = (fieldsOf(fieldsOf(said?.request).config).metadata ?? {}) as Partial<
    Record<string, string>
  >;
  return name === undefined ? undefined : namespace ? `${namespace}/${name}` : name;
}

/** What to call a run that begins with a call of the CRI: `RunPodSandbox default/nginx`. */
export function criCommand(method: string, said: Said | undefined): string[] {
  const image = fieldsOf(fieldsOf(said?.request).image).name;
  const about = podName(said) ?? (typeof image === 'string' ? image : criSubject(said));
  return [methodParts(method).verb, ...(about ? [about] : [])];
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
