import { STEPS } from '@underdock/trace';
import type { HouseFile, Offence } from './house.ts';
import { isCode, lineAt, type SyntaxNode, syntax } from './syntax.ts';

const STEP = /^(client|engine|high-level|low-level|kernel|process|trace)\/[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const PASSING_OVER = new Set(['only', 'skip', 'todo', 'fails']);
const TESTING = new Set(['it', 'test', 'describe', 'suite', 'bench']);
// jdoe and user1 are nobody: people of examples, and stand-ins.
const MACHINE_PATH = /(?<![\w.\-/})>*])\/(?:work|root|home\/(?!jdoe\/|user\d+\/)[a-z][\w-]*)\//g;

/** Strings in code that look like a step and are not in the catalogue (packages/trace/src/steps.ts). */
export function unknownSteps(files: HouseFile[]): Offence[] {
  return files
    .filter(({ path }) => isCode(path) && /^(apps|packages)\/[^/]+\/src\//.test(path))
    .flatMap((file) =>
      syntax(file).flatMap(({ node }) => {
        const text = textOf(node);
        if (text === undefined || !STEP.test(text) || Object.hasOwn(STEPS, text)) return [];
        const what = `names the step ${text}, which packages/trace/src/steps.ts does not have`;
        return [{ path: file.path, line: lineAt(file.text, node.start), what }];
      }),
    );
}

function textOf(node: SyntaxNode): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type !== 'TemplateLiteral' || (node.expressions as unknown[]).length > 0) return undefined;
  const [only] = node.quasis as { value: { cooked: string } }[];
  return only?.value.cooked;
}

/** Tests that are passed over: `it.skip`, `describe.only`, `test.todo` and the like, chained ones too. */
export function passedOverTests(files: HouseFile[]): Offence[] {
  return files
    .filter(({ path }) => /\.test\.tsx?$/.test(path))
    .flatMap((file) =>
      syntax(file).flatMap(({ node }) => {
        if (node.type !== 'MemberExpression') return [];
        const property = String((node.property as SyntaxNode).name);
        if (!PASSING_OVER.has(property) || !TESTING.has(rootName(node))) return [];
        const what = `${rootName(node)}.${property}: a test runs, or it is not there`;
        return [{ path: file.path, line: lineAt(file.text, node.start), what }];
      }),
    );
}

function rootName(node: SyntaxNode): string {
  let root = node;
  while (root.object ?? root.callee) root = (root.object ?? root.callee) as SyntaxNode;
  return String(root.name);
}

/** Paths of one machine: a folder of its owner, or the place where this repository happened to lie. */
export function machinePaths(files: HouseFile[]): Offence[] {
  return files.flatMap(({ path, text }) =>
    [...text.matchAll(MACHINE_PATH)].map((match) => ({
      path,
      line: lineAt(text, match.index),
      what: `holds ${match[0]}, a path of one machine`,
    })),
  );
}
