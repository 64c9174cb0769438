import { Document, isScalar, visit } from 'yaml';

/** Writes YAML 1.2 that readers of 1.1 (docker-compose 1.29) take for the same: lists of plain words on one line, no line ever folded. */
export function yamlText(
  { head, tail }: { head: string; tail: string },
  content: Record<string, unknown>,
): string {
  const document = new Document(withoutEmpty(content), { compat: 'yaml-1.1' });
  visit(document, {
    Seq(_key, node) {
      if (!node.items.every((item) => isScalar(item))) return;
      node.flow = true;
      for (const item of node.items) if (typeof item.value === 'string') item.type = 'QUOTE_DOUBLE';
    },
  });
  return `${head}\n${document.toString({ lineWidth: 0, flowCollectionPadding: false })}\n${tail}\n`;
}

/** Without fields that say nothing. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, field]) => [key, withoutEmpty(field)] as const);
  return Object.fromEntries(fields.filter(([, field]) => !isEmpty(field)));
}

/** An empty list is said: it takes away what would be there without it. */
function isEmpty(field: unknown): boolean {
  return (
    field === undefined ||
    (typeof field === 'object' && field !== null && !Array.isArray(field) && Object.keys(field).length === 0)
  );
}

/** The list, or nothing where it is empty. */
export function unlessEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
