/** A folder by HTTP on this machine's loopback, as any static host serves it: no special headers but those that a test asks for. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.json': 'application/json', '.svg': 'image/svg+xml' };

export interface StaticServer {
  /** With a slash at its end. */
  address: string;
  /** Paths asked for, in order. */
  asked: string[];
  close(): Promise<void>;
}

/** `folders`: by the path that they are served under, the longest first. */
export async function serveFolders(folders: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<StaticServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, 'http://x').pathname));
    asked.push(path);
    const mount = Object.keys(folders).sort((a, b) => b.length - a.length).find((start) => path.startsWith(start));
    const file = mount === undefined ? '' : join(folders[mount]!, path.slice(mount.length), path.endsWith('/') ? 'index.html' : '');
    const status = statSync(file, { throwIfNoEntry: false });
    if (!status?.isFile()) return void response.writeHead(404).end();
    response.writeHead(200, { ...headers, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'content-length': status.size });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
  };
}
