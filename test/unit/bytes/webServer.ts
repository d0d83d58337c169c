/** A web server on this machine whose answers a test writes: with ranges as RFC 9110 has them, and with what goes wrong in the world. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RemoteEnvironment } from '../../../src/bytes/remote/environment.ts';

export interface Request {
  path: string;
  headers: IncomingMessage['headers'];
}
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export class WebServer {
  readonly requests: Request[] = [];
  /** by path, decoded and without the query; what is not there is answered with 404 */
  readonly files = new Map<string, { bytes: Uint8Array; etag: string }>();
  /** Taken in turn by the next requests, in place of the usual answer. */
  readonly next: Answer[] = [];
  /** in place of the usual answer */
  otherwise: Answer | null = null;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<WebServer> {
    const server = createServer();
    const web = new WebServer(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      web.requests.push({ path: request.url ?? '', headers: request.headers });
      (web.next.shift() ?? web.otherwise ?? web.usual)(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return web;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  /** The ranges that were asked for, as they were written. */
  get ranges(): (string | undefined)[] {
    return this.requests.map(({ headers }) => headers.range);
  }
  put(path: string, bytes: Uint8Array, etag = '"1"'): string {
    this.files.set(path, { bytes, etag });
    return this.origin + path;
  }
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** As a server answers that does everything right. */
  readonly usual: Answer = (request, response) => {
    const file = this.files.get(decodeURIComponent(new URL(request.url ?? '', this.origin).pathname));
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const { bytes, etag } = file;
    const range = rangeOf(request, bytes.length);
    const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    if (!range || !isSame) {
      response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
      return;
    }
    if (range.from >= bytes.length) {
      response.writeHead(416, { etag, 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const part = bytes.subarray(range.from, range.to);
    response
      .writeHead(206, {
        etag,
        'content-length': part.length,
        'content-range': `bytes ${range.from}-${range.to - 1}/${bytes.length}`,
      })
      .end(part);
  };
}

/** `to` is exclusive. */
export function rangeOf(request: IncomingMessage, size: number): { from: number; to: number } | null {
  const found = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  return found && { from: Number(found[1]), to: Math.min(size, Number(found[2]) + 1) };
}

/** The usual environment, whose pauses are written down instead of waited for. */
export function impatient(): RemoteEnvironment & { pauses: number[]; time: number } {
  const environment = {
    fetch: (...request: Parameters<typeof fetch>) => fetch(...request),
    pauses: [] as number[],
    time: 0,
    wait: (milliseconds: number) => {
      environment.pauses.push(milliseconds);
      return Promise.resolve();
    },
    now: () => environment.time,
    variables: {} as Record<string, string | undefined>,
    // Longer than a test may take: a test of standing still sets its own.
    stallMilliseconds: 600_000,
  };
  return environment;
}
