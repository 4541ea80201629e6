import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Serving {
  /** Without it entries are not given. */
  token?: string;
  /** Answers in place of the file, where it does. */
  instead?: (path: string, response: ServerResponse, request: IncomingMessage) => boolean;
}

/** A static web server over an export, at /log/ on a free port. It keeps the paths that it was asked for. */
export async function serveFolder(folder: string, { token, instead }: Serving = {}) {
  const asked: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    // A log alone has no states to show.
    if (request.url!.startsWith('/v1/')) return void response.writeHead(404).end();
    const path = request.url!.replace(/^\/log\//, '');
    asked.push({ path, authorization: request.headers.authorization });
    if (instead?.(path, response, request)) return;
    const isOpen = token === undefined || !path.startsWith('tile/entries/');
    if (!isOpen && request.headers.authorization === undefined) return void response.writeHead(401).end();
    if (!isOpen && request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(403).end();
    const file = join(folder, path);
    if (!request.url!.startsWith('/log/') || !statSync(file, { throwIfNoEntry: false })?.isFile())
      return void response.writeHead(404).end();
    createReadStream(file).pipe(response.writeHead(200));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close };
}
