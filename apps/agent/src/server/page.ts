import { existsSync, readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import express, { type Express, type RequestHandler } from 'express';

const COMPRESSIBLE: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};

/** Headers for everything that is served: no foreign content in, no page of ours in foreign frames, no token in Referer. */
export function securityHeaders(frameAncestors: string[]): RequestHandler {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    // The terminal in the page writes its own style elements.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${["'self'", ...frameAncestors].join(' ')}`,
  ].join('; ');
  return (_req, res, next) => {
    res.setHeader('Content-Security-Policy', policy);
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    next();
  };
}

/** Serves the built page from `folder`; it holds no secrets and needs no token. Assets carry their hash in their name. */
export function addPage(app: Express, folder: string): void {
  app.get(['/', '/index.html'], (_req, res) => {
    res.setHeader('Cache-Control', 'no-cache');
    const file = join(folder, 'index.html');
    res.type('html');
    if (existsSync(file)) res.send(marked(readFileSync(file, 'utf8')));
    else
      res
        .status(503)
        .send('<!doctype html><title>underdock</title><p>The page is not built yet: npm run build');
  });
  app.use('/assets', compressed(join(folder, 'assets')));
  app.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', index: false }));
  app.use(express.static(folder, { index: false, maxAge: '1h' }));
  app.use((_req, res) => void res.status(404).type('text').send('not found\n'));
}

/** The page's file is the same wherever it lies; by this mark it knows that there is an agent behind it. */
function marked(html: string): string {
  return html.replace('<head>', '<head>\n    <meta name="underdock-agent" content="here" />');
}

/** Brotli, made at the first request and kept: matters behind a proxy at the other end of a slow line. */
function compressed(folder: string): RequestHandler {
  const kept = new Map<string, { mtimeMs: number; body: Buffer }>();
  const compress = promisify(brotliCompress);
  return async (req, res, next) => {
    const name = req.path.slice(1);
    const type = COMPRESSIBLE[extname(name)];
    if (!type || !/^[\w.-]+$/.test(name) || !req.acceptsEncodings('br') || req.method !== 'GET')
      return next();
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (!found?.isFile()) return next();
    let entry = kept.get(name);
    if (entry?.mtimeMs !== found.mtimeMs) {
      const params = { [constants.BROTLI_PARAM_QUALITY]: 9 };
      entry = {
        mtimeMs: found.mtimeMs,
        body: await compress(await readFile(join(folder, name)), { params }),
      };
      kept.set(name, entry);
    }
    res.setHeader('Content-Encoding', 'br');
    res.setHeader('Vary', 'Accept-Encoding');
    res.setHeader('Cache-Control', 'public, max-age=31536000, immutable');
    res.type(type).send(entry.body);
  };
}
