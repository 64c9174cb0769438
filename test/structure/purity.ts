import type { HouseFile, Offence } from './house.ts';
import { isCode, lineAt, type SyntaxNode, syntax, type Visited } from './syntax.ts';

/** What exists only in Node or only in a page, and clocks and chance: in a pure package these are parameters. */
const OUTER = new Set([
  ...['process', 'Buffer', 'require', 'global', '__dirname', '__filename', 'NodeJS', 'setImmediate'],
  ...['document', 'window', 'navigator', 'location', 'localStorage', 'sessionStorage', 'matchMedia'],
  ...['Element', 'HTMLElement', 'SVGElement', 'Document', 'Window', 'DOMParser', 'MutationObserver'],
  ...['requestAnimationFrame', 'getComputedStyle', 'fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'],
  ...['setTimeout', 'setInterval', 'performance', 'crypto'],
]);
const OUTER_MEMBERS = new Set(['Date.now', 'Math.random']);
const PURE = /^packages\/(trace|chain|weave|story|draw)\/src\//;

/** Uses of Node, of the DOM, of clocks and of chance in the packages that must run anywhere. */
export function impureUses(files: HouseFile[]): Offence[] {
  return files.filter(({ path }) => isCode(path) && PURE.test(path)).flatMap(impure);
}

function impure(file: HouseFile): Offence[] {
  const nodes = syntax(file);
  const own = new Set(nodes.filter(binds).map(({ node }) => node.name as string));
  return nodes.flatMap((visited) => {
    const name = outerName(visited, own);
    if (!name) return [];
    const line = lineAt(file.text, visited.node.start);
    return [{ path: file.path, line, what: `uses ${name}: a pure package takes it as a parameter` }];
  });
}

function outerName({ node, around }: Visited, own: Set<string>): string | undefined {
  if (node.type === 'MemberExpression') {
    const [object, property] = [node.object as SyntaxNode, node.property as SyntaxNode];
    const member = `${String(object.name)}.${String(property.name)}`;
    return OUTER_MEMBERS.has(member) ? member : undefined;
  }
  if (node.type === 'NewExpression') {
    const callee = node.callee as SyntaxNode;
    const bare = callee.name === 'Date' && (node.arguments as unknown[]).length === 0;
    return bare ? 'new Date() without an instant' : undefined;
  }
  const name = node.type === 'Identifier' ? (node.name as string) : '';
  return OUTER.has(name) && !own.has(name) && !isLabel(node, around[0]) ? name : undefined;
}

/** A name that this file itself declares: a parameter, a variable, an import, a type. */
function binds({ node, around }: Visited): boolean {
  const parent = around[0];
  if (node.type !== 'Identifier' || !parent) return false;
  if (parent.id === node || parent.local === node || parent.param === node) return true;
  if (Array.isArray(parent.params) && parent.params.includes(node)) return true;
  if (parent.type === 'AssignmentPattern') return parent.left === node;
  return parent.type === 'Property' && parent.value === node && around[1]?.type === 'ObjectPattern';
}

/** A name that stands for a property, not for a value: `.process`, `{ process: 1 }`, `process?: string`. */
function isLabel(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (!parent) return false;
  if (parent.type === 'MemberExpression' && parent.property === node) return parent.computed !== true;
  if (parent.type === 'TSQualifiedName') return parent.right === node;
  return parent.key === node && parent.computed !== true && parent.shorthand !== true;
}
