import { parseSync } from 'oxc-parser';
import type { HouseFile } from './house.ts';

/** A node of the ESTree-like syntax tree (TS-ESTree), as far as the rules look at it. */
export interface SyntaxNode {
  type: string;
  start: number;
  end: number;
  [key: string]: unknown;
}

/** A node with the nodes around it, nearest first. */
export interface Visited {
  node: SyntaxNode;
  around: SyntaxNode[];
}

const parsed = new Map<string, Visited[]>();

/** All nodes of a TypeScript or JavaScript file, outermost first; throws when the file does not parse. */
export function syntax(file: HouseFile): Visited[] {
  const key = `${file.path}\0${file.text}`;
  const known = parsed.get(key);
  if (known) return known;
  const { program, errors } = parseSync(file.path, file.text);
  if (errors[0]) throw new Error(`${file.path} does not parse: ${errors[0].message}`);
  const found: Visited[] = [];
  collect(program as unknown as SyntaxNode, [], found);
  parsed.set(key, found);
  return found;
}

function collect(node: SyntaxNode, around: SyntaxNode[], found: Visited[]): void {
  found.push({ node, around });
  const inside = [node, ...around];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value])
      if (isNode(child)) collect(child, inside, found);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';
}

/** The line, counted from 1, of an offset in the text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Whether a path is code that the parser reads. */
export const isCode = (path: string): boolean => /\.(ts|tsx|js|mjs|cjs)$/.test(path);

/** The modules that a file names in imports, re-exports, dynamic imports and import types, types included. */
export function importsOf(file: HouseFile): { from: string; line: number }[] {
  const naming = new Set([
    'ImportDeclaration',
    'ExportNamedDeclaration',
    'ExportAllDeclaration',
    'ImportExpression',
    'TSImportType',
  ]);
  return syntax(file).flatMap(({ node }) => {
    const source = naming.has(node.type) ? (node.source as SyntaxNode | null) : null;
    if (typeof source?.value !== 'string') return [];
    return [{ from: source.value, line: lineAt(file.text, node.start) }];
  });
}
