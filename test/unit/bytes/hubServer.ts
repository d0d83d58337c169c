/** Stands in for the Hugging Face Hub: its API on one server, the storage that it redirects to on another. Answers in the recorded shapes. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WebServer } from './webServer.ts';

export const TOKEN = 'hf_onlyForTheHub';
/** small, so that a test meets pages; the Hub's own has 1000 */
const PAGE = 10;
type Files = Readonly<Record<string, Uint8Array>>;

export class HubServer {
  isPrivate = false;
  /** by model, the newest commit last */
  private readonly commits = new Map<string, { sha: string; files: Files }[]>();

  private constructor(
    readonly web: WebServer,
    readonly storage: WebServer,
  ) {}

  static async start(): Promise<HubServer> {
    const hub = new HubServer(await WebServer.start(), await WebServer.start());
    hub.web.otherwise = (request, response) => hub.answer(request, response);
    return hub;
  }
  async stop(): Promise<void> {
    await this.web.stop();
    await this.storage.stop();
  }
  get origin(): string {
    return this.web.origin;
  }

  commit(id: string, files: Files): void {
    const all = this.commits.get(id) ?? [];
    const sha = createHash('sha1').update(`${id} ${all.length}`).digest('hex');
    this.commits.set(id, [...all, { sha, files }]);
    for (const bytes of Object.values(files))
      if (isLarge(bytes)) this.storage.put(`/${sha256(bytes)}`, bytes, `"${sha256(bytes).slice(0, 32)}-3"`);
  }
  head(id: string): string {
    return this.commits.get(id)?.at(-1)?.sha ?? '';
  }
  /** What no hub does: other bytes at a commit. */
  swap(from: Uint8Array, to: Uint8Array): void {
    this.storage.put(`/${sha256(to)}`, to);
    for (const all of this.commits.values())
      for (const one of all)
        one.files = Object.fromEntries(
          Object.entries(one.files).map(([name, bytes]) => [name, bytes === from ? to : bytes]),
        );
    this.storage.files.delete(`/${sha256(from)}`);
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const json = (status: number, value: unknown, headers: Record<string, string> = {}): void =>
      void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    if (this.isPrivate && request.headers.authorization !== `Bearer ${TOKEN}`)
      return json(401, { error: 'Invalid username or password.' }, { 'x-error-code': 'RepoNotFound' });
    const url = new URL(request.url ?? '', this.origin);
    const parts = url.pathname.split('/').map(decodeURIComponent).slice(1);
    const isApi = parts[0] === 'api';
    const [owner, name, what, revision, ...path] = isApi ? parts.slice(2) : parts;
    const all = this.commits.get(`${owner}/${name}`);
    if (!all) return json(404, { error: 'Repository not found' }, { 'x-error-code': 'RepoNotFound' });
    const at =
      revision === undefined || ['main', 'HEAD'].includes(revision)
        ? all.at(-1)
        : all.find(({ sha }) => sha === revision);
    if (!at) return json(404, { error: `Invalid rev id: ${revision}` }, { 'x-error-code': 'RevisionNotFound' });
    if (isApi && what === 'tree') return this.tree(url, at.files, path.join('/'), json);
    if (isApi)
      return json(200, {
        _id: '1',
        id: `${owner}/${name}`,
        modelId: `${owner}/${name}`,
        private: this.isPrivate,
        gated: false,
        downloads: 0,
        likes: 0,
        lastModified: '2026-11-01T00:00:00.000Z',
        sha: at.sha,
        siblings: Object.keys(at.files).map((rfilename) => ({ rfilename })),
      });
    const bytes = at.files[path.join('/')];
    if (!bytes) return json(404, { error: 'Entry not found' }, { 'x-error-code': 'EntryNotFound' });
    response.setHeader('x-repo-commit', at.sha);
    if (isLarge(bytes)) {
      response.setHeader('x-linked-etag', `"${sha256(bytes)}"`);
      response.setHeader('x-linked-size', bytes.length);
      const signed = `${this.storage.origin}/${sha256(bytes)}?X-Amz-Signature=of-the-storage`;
      response.writeHead(302, { location: signed }).end();
      return;
    }
    // Small files come from the Hub itself.
    const etag = `"${createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')}"`;
    response.writeHead(200, { etag, 'content-length': bytes.length }).end(bytes);
  }

  private tree(
    url: URL,
    files: Files,
    folder: string,
    json: (status: number, value: unknown, headers?: Record<string, string>) => void,
  ): void {
    const inside = Object.entries(files).filter(([name]) => folder === '' || name.startsWith(`${folder}/`));
    if (inside.length === 0)
      return json(404, { error: `${folder} does not exist` }, { 'x-error-code': 'EntryNotFound' });
    const depth = folder === '' ? 1 : folder.split('/').length + 1;
    const entries = new Map<string, object>();
    for (const [name, bytes] of inside) {
      const path = name.split('/').slice(0, depth).join('/');
      const oid = createHash('sha1').update(path).digest('hex');
      entries.set(
        path,
        path !== name
          ? { type: 'directory', oid, size: 0, path }
          : {
              type: 'file',
              oid,
              size: bytes.length,
              path,
              ...(isLarge(bytes) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } } : {}),
            },
      );
    }
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const page = [...entries.values()].slice(from, from + PAGE);
    const more = new URL(url);
    more.searchParams.set('cursor', String(from + PAGE));
    json(200, page, from + PAGE < entries.size ? { link: `<${more.href}>; rel="next"` } : {});
  }
}

/** As Git LFS and Xet take them, the weights; not the configs. */
const isLarge = (bytes: Uint8Array): boolean => bytes.length > 1000;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
