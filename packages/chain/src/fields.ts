type Data = Readonly<Record<string, unknown>>;

/** The field as text: numbers become decimal; undefined when absent or of another kind. */
export function text(data: Data, key: string): string | undefined {
  const value = data[key];
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** The field as a finite number; undefined when absent or of another kind. */
export function number(data: Data, key: string): number | undefined {
  const value = data[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The field as a list of words; empty when absent or of another kind. */
export function words(data: Data, key: string): string[] {
  const value = data[key];
  return Array.isArray(value) ? value.filter((item) => item !== null && item !== undefined).map(String) : [];
}

/** The field as an object; undefined when absent or of another kind. */
export function object(data: Data, key: string): Data | undefined {
  const value = data[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Data) : undefined;
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}

/** The object without its undefined fields, so that a later, poorer event never erases what an earlier one told. */
export function known<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
