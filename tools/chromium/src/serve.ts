import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** A server of static files on this machine. */
export interface StaticServer extends AsyncDisposable {
  /** Begins with `http://127.0.0.1:` and has no slash at the end. */
  readonly origin: string;
  readonly port: number;
  /** Paths asked for so far. */
  readonly requests: string[];
}

/** What a server does otherwise than usual. */
export interface ServeOptions {
  /** Types by a file's ending, such as `.wasm`; `undefined` withholds such files. Default: the usual ones. */
  readonly types?: Readonly<Record<string, string | undefined>>;
  /** Headers of all answers that are files. Default: none but the type. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Isolate a page from other origins, for which it gets `SharedArrayBuffer`. */
export const isolationHeaders = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
} as const;

const usualTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** Serves a folder; `/` is its `index.html`. Files of unknown endings are not there. */
export async function serveFolder(folder: string, options: ServeOptions = {}): Promise<StaticServer> {
  const { types = {}, headers = {} } = options;
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const path = pathOf(request.url ?? "/");
    requests.push(path);
    const file = path === "/" ? "/index.html" : path;
    const ending = extname(file);
    const type = ending in types ? types[ending] : usualTypes[ending];
    const contents =
      type === undefined ? undefined : await readFile(join(folder, file)).catch(() => undefined);
    if (contents === undefined) response.writeHead(404).end();
    else response.writeHead(200, { ...headers, "Content-Type": type }).end(contents);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    [Symbol.asyncDispose]: () => closed(server),
  };
}

/** The path of a request; empty when it cannot be one. */
function pathOf(url: string): string {
  try {
    return normalize(decodeURI(new URL(url, "http://localhost").pathname));
  } catch {
    return "";
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
