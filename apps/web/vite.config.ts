import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin, type ProxyOptions } from 'vite';
import { viteSingleFile } from 'vite-plugin-singlefile';

const PLAYER = 'underdock-player';

// Relative addresses, so that the page works under any path prefix of a reverse proxy and from a folder. In the mode `player`
// the same page becomes one file that needs nothing beside it: a trace is put into it by `underdock export --to html`.
export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [
    react(),
    agentMark(),
    ...(mode === 'player'
      ? [withoutIcon(), viteSingleFile({ removeViteModuleLoader: true })]
      : [gallery(), classicScript()]),
  ],
  build: {
    target: 'es2023',
    outDir: mode === 'player' ? 'dist/player' : 'dist',
    copyPublicDir: mode !== 'player',
    sourcemap: mode !== 'player',
    modulePreload: { polyfill: false },
    // React, socket.io and zod are wanted at once; the terminal comes when it is asked for.
    chunkSizeWarningLimit: mode === 'player' ? 2000 : 700,
    rolldownOptions: { checks: { pluginTimings: false }, ...(mode === 'player' ? {} : entries()) },
  },
  server: { proxy: agentProxy() },
}));

/** In development the agent runs elsewhere: UNDERDOCK_AGENT says where. */
function agentProxy(): Record<string, string | ProxyOptions> {
  const target = process.env.UNDERDOCK_AGENT;
  return target ? { '/api': target, '/socket.io': { target, ws: true } } : {};
}

/** Puts the gallery beside the built page, as `gallery/`: its list and its traces, nothing else. */
function gallery(): Plugin {
  const from = fileURLToPath(new URL('../../gallery', import.meta.url));
  const to = fileURLToPath(new URL('dist/gallery', import.meta.url));
  return {
    name: 'underdock-gallery',
    apply: 'build',
    closeBundle() {
      const shown = existsSync(from)
        ? readdirSync(from).filter((name) => /^index\.json$|\.chain\.gz$/.test(name))
        : [];
      mkdirSync(to, { recursive: true });
      for (const name of shown) cpSync(`${from}/${name}`, `${to}/${name}`);
    },
  };
}

/** Beside the page: the script that other pages load to have a player in them. Its name stays. */
function entries() {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return {
    input: { index: at('index.html'), [PLAYER]: at('src/embed/playerElement.ts') },
    output: {
      entryFileNames: ({ name }: { name: string }) =>
        name === PLAYER ? `${PLAYER}.js` : 'assets/[name]-[hash].js',
    },
  };
}

/** A script without imports, closed in itself: as a module it could not be had from servers that allow no other page (CORS). */
function classicScript(): Plugin {
  return {
    name: 'underdock-classic-script',
    apply: 'build',
    renderChunk(code, { name }) {
      if (name !== PLAYER) return null;
      if (/^\s*(import|export)\b/m.test(code))
        this.error('the player’s script must import nothing at run time');
      return { code: `(()=>{${code}})();`, map: null };
    },
  };
}

/** A single file has no icon beside it. */
function withoutIcon(): Plugin {
  return {
    name: 'underdock-no-icon',
    transformIndexHtml: (html) => html.replace(/<link rel="icon"[^>]*>\s*/, ''),
  };
}

/** The mark by which the page knows of an agent; in the built page the agent sets it itself. */
function agentMark(): Plugin {
  return {
    name: 'underdock-agent',
    apply: 'serve',
    transformIndexHtml: () =>
      process.env.UNDERDOCK_AGENT
        ? [{ tag: 'meta', attrs: { name: 'underdock-agent', content: 'here' } }]
        : [],
  };
}
