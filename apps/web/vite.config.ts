import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// Relative addresses, so that the page works under any path prefix of a reverse proxy and from a folder.
export default defineConfig({
  base: './',
  plugins: [react(), agentMark()],
  build: {
    target: 'es2023',
    sourcemap: true,
    modulePreload: { polyfill: false },
    // React, socket.io and zod are wanted at once; the terminal comes when it is asked for.
    chunkSizeWarningLimit: 700,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: process.env.UNDERDOCK_AGENT
      ? {
          '/api': process.env.UNDERDOCK_AGENT,
          '/socket.io': { target: process.env.UNDERDOCK_AGENT, ws: true },
        }
      : {},
  },
});

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
