import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { pathOf, type DoorRequest } from '../http/door-request.js';

interface Page { readonly body: Buffer; readonly brotli: Buffer | undefined; readonly type: string; readonly etag: string; readonly isForever: boolean }

const INDEX = '/index.html';
/** What a build names by its content: it never changes. */
const FOREVER = '/assets/';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.svg': 'image/svg+xml',
  '.png': 'image/png', '.ico': 'image/x-icon', '.woff2': 'font/woff2', '.webmanifest': 'application/manifest+json', '.txt': 'text/plain; charset=utf-8',
};
const TEXTUAL = new Set(['.html', '.js', '.css', '.json', '.svg', '.webmanifest', '.txt']);

/** Nothing from elsewhere, no script in a page; the component library sets styles by itself. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer', 'X-Frame-Options': 'DENY', 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * The console's files, read once at start: only what was there then is served, so no path leads anywhere else. Any other
 * path that a browser opens as a page gets the index, which finds the view by itself.
 */
export class Pages {
  private constructor(private readonly files: ReadonlyMap<string, Page>) {}

  /** Without the folder, or without its index, there are no pages. */
  static from(folder: string): Pages {
    if (!existsSync(join(folder, INDEX))) return new Pages(new Map());
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && extname(entry.name) in TYPES)
      .map((entry) => join(entry.parentPath, entry.name));
    return new Pages(new Map(paths.map((path) => [`/${relative(folder, path).replaceAll('\\', '/')}`, read(path)])));
  }

  /** Whether the request was answered. */
  serve(request: DoorRequest, response: ServerResponse): boolean {
    const path = pathOf(request.url ?? '/');
    const page = this.files.get(path) ?? (isView(path, request) ? this.files.get(INDEX) : undefined);
    if (page === undefined) return false;
    send(page, request, response);
    return true;
  }
}

/** A person's browser that opens a page, whose path may end in a VM's id such as `web.1`; everything below /v1 belongs to the API, whoever asks. */
function isView(path: string, request: DoorRequest): boolean {
  return !/^\/(v\d+|legacy|modules|assets|openapi\.json)(\/|$)/.test(path) && (request.headers.accept ?? '').includes('text/html');
}

function read(path: string): Page {
  const body = readFileSync(path);
  const extension = extname(path);
  const brotli = TEXTUAL.has(extension) && body.length > 1024 ? brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }) : undefined;
  return { body, brotli, type: TYPES[extension] ?? 'application/octet-stream', etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`, isForever: path.replaceAll('\\', '/').includes(FOREVER) };
}

function send(page: Page, request: DoorRequest, response: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  response.setHeader('ETag', page.etag);
  response.setHeader('Vary', 'Accept-Encoding, Accept');
  response.setHeader('Cache-Control', page.isForever ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === page.etag) { response.statusCode = 304; response.end(); return; }
  const encoded = page.brotli !== undefined && /\bbr\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = encoded && page.brotli !== undefined ? page.brotli : page.body;
  if (encoded) response.setHeader('Content-Encoding', 'br');
  response.setHeader('Content-Type', page.type);
  response.setHeader('Content-Length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}
