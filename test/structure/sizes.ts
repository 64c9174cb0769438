import type { HouseFile, Offence } from './house.ts';
import { isCode, lineAt, type SyntaxNode, syntax, type Visited } from './syntax.ts';

/** Never past this many lines in a file (DESIGN section 7). */
export const MAX_FILE_LINES = 400;
/** Past this many lines somebody should ask why. */
export const LONG_FILE_LINES = 250;
/** Never past this many lines in a function. */
export const MAX_FUNCTION_LINES = 50;

const HAND_WRITTEN = /\.(ts|tsx|js|mjs|css|sh|bt|proto)$|^bin\//;
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

const written = (files: HouseFile[]) =>
  files.filter(({ path }) => HAND_WRITTEN.test(path) && !path.startsWith('test/fixtures/'));

/** How many lines a text has; a newline at the end begins no further line. */
export function countLines(text: string): number {
  return text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Files with more lines than `max`. */
export function longFiles(files: HouseFile[], max = MAX_FILE_LINES): Offence[] {
  return written(files)
    .map(({ path, text }) => ({ path, count: countLines(text) }))
    .filter(({ count }) => count > max)
    .map(({ path, count }) => ({
      path,
      what: `has ${count} lines, more than ${max}: split it where two things meet`,
    }));
}

/** Functions with more lines than `max`; the blocks that only group tests (`describe`) are no functions in this sense. */
export function longFunctions(files: HouseFile[], max = MAX_FUNCTION_LINES): Offence[] {
  return written(files)
    .filter(({ path }) => isCode(path))
    .flatMap((file) =>
      syntax(file)
        .filter((visited) => FUNCTIONS.has(visited.node.type) && !groupsTests(visited))
        .flatMap(({ node, around }) => {
          const from = lineAt(file.text, node.start);
          const count = lineAt(file.text, node.end) - from + 1;
          const what = `${functionName(node, around)} has ${count} lines, more than ${max}`;
          return count > max ? [{ path: file.path, line: from, what }] : [];
        }),
    );
}

function groupsTests({ around: [parent] }: Visited): boolean {
  if (parent?.type !== 'CallExpression') return false;
  let callee = parent.callee as SyntaxNode;
  while (callee.type === 'MemberExpression' || callee.type === 'CallExpression')
    callee = (callee.object ?? callee.callee) as SyntaxNode;
  return callee.name === 'describe';
}

function functionName(node: SyntaxNode, around: SyntaxNode[]): string {
  const named = [node.id, around[0]?.id, around[0]?.key] as (SyntaxNode | null | undefined)[];
  return String(named.find((one) => typeof one?.name === 'string')?.name ?? 'a function');
}
