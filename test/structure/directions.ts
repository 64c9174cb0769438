import { posix } from 'node:path';
import type { HouseFile, Offence } from './house.ts';
import { importsOf, isCode } from './syntax.ts';

const D3_PURE = ['d3-scale', 'd3-shape', 'd3-hierarchy', 'd3-array', 'd3-format'];

/** What each package may import besides itself. `node:` stands for Node's own modules. */
const PACKAGES: Record<string, string[]> = {
  trace: ['zod'],
  chain: ['@underdock/trace', 'yaml'],
  weave: ['@underdock/trace', 'protobufjs/minimal.js'],
  image: ['tar-stream', 'node:'],
  story: ['@underdock/trace', '@underdock/chain'],
  draw: ['@underdock/trace', '@underdock/chain', ...D3_PURE],
};

/** The packages of ours that each app may import. */
const APPS: Record<string, string[]> = {
  agent: ['trace', 'chain', 'weave', 'image', 'story', 'draw'],
  web: ['trace', 'chain', 'story', 'draw'],
};

/** In the page: which of the four folders each may import. views stand on the others, source stands on none. */
const PAGE: Record<string, string[]> = {
  views: ['views', 'stage', 'player', 'source'],
  stage: ['stage', 'source'],
  player: ['player', 'source'],
  source: ['source'],
};

const CLIENT_LIBRARIES = /^(@grpc\/|protobufjs|dockerode$|@kubernetes\/)/;
const D3_THAT_TOUCHES_THE_DOM = /^d3($|-(selection|zoom|transition|drag|brush)$)/;

/** Imports that go against DESIGN section 6. */
export function wrongImports(files: HouseFile[]): Offence[] {
  return files
    .filter(({ path }) => isCode(path) && /^(apps|packages)\/[^/]+\/src\//.test(path))
    .flatMap((file) =>
      importsOf(file).flatMap(({ from, line }) => {
        const what = whyWrong(file.path, from);
        return what ? [{ path: file.path, line, what }] : [];
      }),
    );
}

function whyWrong(path: string, from: string): string | undefined {
  const [kind = '', name = ''] = path.split('/');
  const root = `${kind}/${name}`;
  if (from.startsWith('.')) {
    const target = posix.join(posix.dirname(path), from);
    if (!target.startsWith(`${root}/`)) return `imports ${from}, outside of ${root}: go through a package`;
    return root === 'apps/web' ? pageDirection(path, target) : undefined;
  }
  return kind === 'packages' ? packageImport(name, from) : appImport(path, name, from);
}

function packageImport(name: string, from: string): string | undefined {
  const allowed = PACKAGES[name];
  if (!allowed) return `is in a package that DESIGN section 6 does not know: packages/${name}`;
  const fits = allowed.some((one) => from === one || (one === 'node:' && from.startsWith('node:')));
  return fits ? undefined : `imports ${from}; packages/${name} may import only ${allowed.join(', ')}`;
}

function appImport(path: string, name: string, from: string): string | undefined {
  const allowed = APPS[name];
  if (!allowed) return `is in an app that DESIGN section 6 does not know: apps/${name}`;
  if (from.startsWith('@underdock/') && !allowed.includes(from.split('/')[1]!))
    return `imports ${from}; apps/${name} may import of ours only ${allowed.join(', ')}`;
  if (name === 'agent' && CLIENT_LIBRARIES.test(from) && !path.startsWith('apps/agent/src/via/'))
    return `imports ${from}: only via/* knows client libraries`;
  if (name === 'web' && from.startsWith('node:')) return `imports ${from}, which no browser has`;
  if (name === 'web' && D3_THAT_TOUCHES_THE_DOM.test(from) && !path.startsWith('apps/web/src/stage/'))
    return `imports ${from}: only apps/web/src/stage lets d3 touch the DOM`;
  return undefined;
}

function pageDirection(path: string, target: string): string | undefined {
  const [, , , folder = ''] = path.split('/');
  const [, , , aim = ''] = target.split('/');
  const allowed = PAGE[folder];
  if (!allowed || !(aim in PAGE) || allowed.includes(aim)) return undefined;
  return `imports ${aim}/ from ${folder}/; ${folder}/ may import only ${allowed.join(', ')}`;
}
