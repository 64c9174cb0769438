import type { TraceEvent } from '@underdock/trace';
import {
  CGROUP1_PAGES,
  CGROUP2_SECTIONS,
  ENGINE_OPERATIONS,
  NAMESPACE_PAGES,
  PROTO_FILES,
  SYSCALL_PAGES,
} from './content/exactPlaces.ts';
import { kernelDoc, overviewPage, type Reading, syscallPage } from './content/shape.ts';

/** Files that only version 2 has; others of the same controllers are of version 1. */
const OF_CGROUP2 =
  /^(cgroup\.(?!clone)|io\.|pids\.|memory\.(max|high|low|min|current|swap\.|oom\.group|events|peak|zswap|reclaim|stat)|cpu\.(max|weight|idle|pressure|uclamp)|cpuset\.(cpus|mems)\.(effective|partition|exclusive))/;
/** A version of the Engine API whose description is on the web, for requests that name none. */
const ENGINE_VERSION = '1.51';

/**
 * Where exactly this event’s own call, file or namespace is described: the operation of an API, the system call’s page, the section
 * of a cgroup’s file. `begun` is what its begin said. Empty where the step’s own reading is as exact as can be.
 */
export function exactReadings(event: TraceEvent, begun: Readonly<Record<string, unknown>> = {}): Reading[] {
  const data = { ...begun, ...event.data };
  const text = (key: string) => (typeof data[key] === 'string' ? data[key] : '');
  if (text('protocol') === 'http' || (text('path') !== '' && event.layer === 'engine')) {
    return engineOperation(text('method'), text('path'));
  }
  if (text('method').includes('/')) return protoFile(text('method'));
  if (event.step === 'kernel/cgroup-write' || event.step === 'kernel/has-cgroup-value')
    return cgroupFile(text('name'), text('file'));
  if (event.step === 'kernel/has-namespace') return namespaces([text('kind')]);
  const page = Object.hasOwn(SYSCALL_PAGES, text('syscall')) ? SYSCALL_PAGES[text('syscall')] : undefined;
  const kinds = event.step === 'kernel/unshare' && Array.isArray(data.namespaces) ? data.namespaces : [];
  return [...(page ? [syscallPage(page)] : []), ...namespaces(kinds)];
}

function engineOperation(method: string, path: string): Reading[] {
  const [, version = ENGINE_VERSION, place = ''] = /^(?:\/v(1\.\d{2}))?(\/.*)$/.exec(path) ?? [];
  const found = ENGINE_OPERATIONS.find(([verb, pattern]) => verb === method && pattern.test(place));
  if (!found) return [];
  const [, , tag, name] = found;
  return [
    {
      title: `Docker Engine API ${version}: ${name}`,
      href: `https://docs.docker.com/reference/api/engine/version/v${version}/#tag/${tag}/operation/${name}`,
    },
  ];
}

function protoFile(method: string): Reading[] {
  const service = method.replace(/^\//, '');
  for (const [pattern, place] of PROTO_FILES) {
    const found = pattern.exec(service);
    if (found) return [place(found[1]!, service.split('.')[2]!)];
  }
  return [];
}

function cgroupFile(name: string, file: string): Reading[] {
  const controller = name.split('.')[0]!;
  // The names of some files are the same in both versions; then the path tells: version 1 has a folder for each controller.
  const isOld = /\/cgroup\/(memory|cpu|cpu,cpuacct|cpuacct|cpuset|pids|devices|freezer|blkio|hugetlb)\//.test(
    file,
  );
  if (OF_CGROUP2.test(name) && !isOld && Object.hasOwn(CGROUP2_SECTIONS, controller)) {
    return [
      kernelDoc(`admin-guide/cgroup-v2.html#${CGROUP2_SECTIONS[controller]}`, `cgroup v2, ${controller}`),
    ];
  }
  if (!Object.hasOwn(CGROUP1_PAGES, controller)) return [];
  return [kernelDoc(CGROUP1_PAGES[controller]!, `cgroup v1, ${controller}`)];
}

function namespaces(kinds: readonly unknown[]): Reading[] {
  return kinds.flatMap((kind) => {
    const page = Object.hasOwn(NAMESPACE_PAGES, String(kind)) ? NAMESPACE_PAGES[String(kind)] : undefined;
    return page ? [overviewPage(page)] : [];
  });
}
