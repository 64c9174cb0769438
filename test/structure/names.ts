import { posix } from 'node:path';
import type { HouseFile, Offence } from './house.ts';
import { isCode, lineAt, type SyntaxNode, syntax } from './syntax.ts';

/** Words that name nothing (DESIGN section 2), and the paths where each has a meaning of its own. */
const FORBIDDEN: Record<string, RegExp | undefined> = {
  // The page's own folder of that name, and those who stand on it.
  stage: /^(apps|test)\/web\//,
  // Comparison aligns by phase; a raw record says on which side of a system call it was taken.
  phase: /^(packages|test)\/(chain|weave)\//,
  session: undefined,
  job: undefined,
  // containerd's tasks.
  task: /(containerd|cri|docker|high-?level|embedded|proto|weave|layers)/i,
  util: undefined,
  helper: undefined,
  manager: undefined,
  handler: undefined,
};

const DECLARATIONS = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'VariableDeclarator',
  'MethodDefinition',
  'PropertyDefinition',
]);

/** Files, folders and declarations that are named with a forbidden word. */
export function forbiddenNames(files: HouseFile[]): Offence[] {
  return files
    .filter(({ path }) => /^(apps|packages|test|bin)\//.test(path) && !path.startsWith('test/fixtures/'))
    .flatMap((file) => [
      ...forbiddenPath(file.path),
      ...(isCode(file.path) ? forbiddenDeclarations(file) : []),
    ]);
}

function forbiddenPath(path: string): Offence[] {
  const word = path
    .split('/')
    .map((part) => forbiddenWord(part, path))
    .find(Boolean);
  return word ? [{ path, what: `is named with the word ${word}: say what it is` }] : [];
}

function forbiddenDeclarations(file: HouseFile): Offence[] {
  return syntax(file).flatMap(({ node }) => {
    const named = DECLARATIONS.has(node.type) ? ((node.id ?? node.key) as SyntaxNode | null) : null;
    const word = typeof named?.name === 'string' ? forbiddenWord(named.name, file.path) : undefined;
    if (!word) return [];
    const what = `${String(named?.name)} is named with the word ${word}: say what it is`;
    return [{ path: file.path, line: lineAt(file.text, node.start), what }];
  });
}

function forbiddenWord(name: string, path: string): string | undefined {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return Object.entries(FORBIDDEN)
    .filter(([, where]) => !where?.test(path))
    .map(([word]) => word)
    .find((word) => words.includes(word) || words.includes(`${word}s`));
}

/** Code files whose name is neither a lower camelCase noun nor, for a view, PascalCase. */
export function wrongFileNames(files: HouseFile[]): Offence[] {
  return files
    .filter(({ path }) => isCode(path))
    .flatMap(({ path }) => {
      const name = posix.basename(path).replace(/\.(bench|config|test|d|worker)(?=\.[a-z]+$)/, '');
      if (path.startsWith('test/fixtures/')) return [];
      const fits = /\.test\./.test(path)
        ? /^[a-zA-Z][a-zA-Z0-9]*\.tsx?$/.test(name)
        : /^[a-z][a-zA-Z0-9]*\.(ts|mjs|js|cjs)$/.test(name) || /^([A-Z][a-zA-Z0-9]*|main)\.tsx$/.test(name);
      return fits ? [] : [{ path, what: 'is no lower camelCase name (.ts) and no PascalCase view (.tsx)' }];
    });
}

/** Doors where there is no house: index files outside a package's src, and files that only hand on others' exports. */
export function wrongDoors(files: HouseFile[]): Offence[] {
  return files
    .filter(({ path }) => isCode(path) && !/^packages\/[^/]+\/src\/index\.ts$/.test(path))
    .flatMap((file) => {
      if (/^index\./.test(posix.basename(file.path)))
        return [{ path: file.path, what: 'is an index file, and only a package has a door' }];
      const [program] = syntax(file);
      const statements = program?.node.body as SyntaxNode[];
      const handsOn = statements.every(
        (one) => /^Export(Named|All)Declaration$/.test(one.type) && one.source,
      );
      if (statements.length < 2 || !handsOn) return [];
      return [{ path: file.path, what: 'only hands on what others export: import from where it is made' }];
    });
}
