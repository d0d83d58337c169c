/**
 * Models of the Hugging Face Hub: `hf://owner/name[@revision][/path]`, as its own file system writes them. A branch or a tag is resolved
 * to its commit once, and every file is asked for at that commit, so that a checkpoint is never put together from two. Shapes of the API:
 * huggingface_hub's `HfApi` and `ApiIndexTreeEntry` of @huggingface/hub.
 */
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { namesOf, rootOf } from '../path.ts';
import { isAllowed, type Target } from './exchange.ts';
import type { Ask, Listed, Store } from './store.ts';

const ENDPOINT = 'https://huggingface.co';
const COMMIT = /^[0-9a-f]{40}$/;
/** The Hub's own rule for the two parts of a model's name. */
const NAME = /^(?!\.)[\w.-]{1,96}$/;
/** A folder comes in pages of 1000; no checkpoint has as many files. */
const MOST_PAGES = 100;

interface Model {
  id: string;
  /** decoded; null if none is given */
  revision: string | null;
}

export interface HubAccess {
  variables: Readonly<Record<string, string | undefined>>;
  /** in place of HF_TOKEN; null if none was given */
  token(): string | null;
  ask: Ask;
}

export class HubStore implements Store {
  readonly signIn =
    'The model is private or gated, or there is none of that name: check it, ask for access, and set HF_TOKEN (in VS Code, run "Offaxis: Set Hugging Face Token...").';
  /** commits by model and revision, for the life of the process */
  private readonly commits = new Map<string, Promise<string>>();

  constructor(private readonly access: HubAccess) {}

  async target(path: string): Promise<Target> {
    const { id, commit } = await this.at(path);
    return this.request(`/${id}/resolve/${commit}/${namesOf(path).map(encodeURIComponent).join('/')}`);
  }

  /** The address with its revision as a commit. */
  async pinned(path: string, signal?: AbortSignal): Promise<string> {
    const { id, commit } = await this.at(path, signal);
    return [`hf://${id}@${commit}`, ...namesOf(path)].join('/');
  }

  async list(folder: string): Promise<readonly Listed[]> {
    const { id, commit } = await this.at(folder);
    const inside = namesOf(folder).map(encodeURIComponent).join('/');
    const found: Listed[] = [];
    let next: Target | null = this.request(`/api/models/${id}/tree/${commit}${inside === '' ? '' : `/${inside}`}`);
    for (let page = 0; next; page++) {
      const answer = await this.access.ask(folder, next);
      if (!answer) throw new OffaxisError('bad-file', say`${folder} does not exist. Check the address.`);
      for (const entry of entriesOf(answer.text, folder)) found.push(entry);
      next = page < MOST_PAGES ? this.nextPage(answer.headers.get('link')) : null;
    }
    return found;
  }

  check(path: string): void {
    modelOf(path);
  }

  private async at(path: string, signal?: AbortSignal): Promise<{ id: string; commit: string }> {
    const { id, revision } = modelOf(path);
    if (revision !== null && COMMIT.test(revision)) return { id, commit: revision };
    const key = `${id}@${revision ?? 'main'}`;
    let resolving = this.commits.get(key);
    if (!resolving) {
      // Without the signal: others wait for the same answer.
      resolving = this.resolve(path, id, revision ?? 'main');
      this.commits.set(key, resolving);
      resolving.catch(() => this.commits.delete(key));
    }
    return { id, commit: await unlessAborted(resolving, signal) };
  }

  private async resolve(path: string, id: string, revision: string): Promise<string> {
    const target = this.request(`/api/models/${id}/revision/${encodeURIComponent(revision)}`);
    const answer = await this.access.ask(path, target);
    if (!answer)
      throw new OffaxisError(
        'bad-file',
        say`${id} has no revision ${JSON.stringify(revision)} on the Hub. Check the address.`,
      );
    const commit = parsed(answer.text, path)['sha'];
    if (typeof commit !== 'string' || !COMMIT.test(commit)) throw strange(path);
    return commit;
  }

  private request(path: string): Target {
    return this.signed(new URL(this.endpoint().href.replace(/\/$/, '') + path));
  }

  /** The Link header of a page: followed at the Hub alone. */
  private nextPage(link: string | null): Target | null {
    const [, address = ''] = /<([^>]+)>;\s*rel="?next"?/.exec(link ?? '') ?? [];
    if (!URL.canParse(address)) return null;
    const url = new URL(address);
    return url.origin === this.endpoint().origin ? this.signed(url) : null;
  }

  private signed(url: URL): Target {
    const token = this.access.token() ?? this.access.variables['HF_TOKEN']?.trim();
    return { url: url.href, headers: token ? { authorization: `Bearer ${token}` } : {} };
  }

  private endpoint(): URL {
    const text = this.access.variables['HF_ENDPOINT'] || ENDPOINT;
    const url = URL.canParse(text) ? new URL(text) : null;
    if (!url || !isAllowed(url) || url.username !== '' || url.password !== '')
      throw new OffaxisError(
        'bad-parameter',
        say('HF_ENDPOINT is not an https:// address without a login. Correct it.'),
      );
    return url;
  }
}

/** What others wait for, too, goes on without who gives up. Throws cancelled. */
function unlessAborted<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new OffaxisError('cancelled', 'Cancelled.'));
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal?.removeEventListener('abort', stop));
  });
}

/** The address of what a page of the Hub's site shows, which people copy: of a model, a branch, a folder or a file; null of anything else. */
export function hubAddress(typed: string): string | null {
  if (!/^https:/i.test(typed) || !URL.canParse(typed)) return null;
  const { origin, pathname } = new URL(typed);
  const [owner = '', name = '', what, revision, ...path] = pathname.split('/').filter(Boolean).map(decoded);
  if (origin !== ENDPOINT || !NAME.test(owner) || !NAME.test(name) || NOT_OWNERS.has(owner)) return null;
  if (what === undefined) return `hf://${owner}/${name}`;
  if (!['tree', 'blob', 'resolve'].includes(what) || revision === undefined) return null;
  return [`hf://${owner}/${name}@${encodeURIComponent(revision)}`, ...path].join('/');
}
/** Pages of the site that are not of a model. */
const NOT_OWNERS: ReadonlySet<string> = new Set(['api', 'blog', 'collections', 'datasets', 'docs', 'models', 'spaces']);

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function modelOf(path: string): Model {
  const [owner = '', rest = ''] = rootOf(path).slice('hf://'.length).split('/');
  const at = rest.indexOf('@');
  const name = at < 0 ? rest : rest.slice(0, at);
  if (!NAME.test(owner) || !NAME.test(name))
    throw new OffaxisError(
      'bad-parameter',
      say`${path} names no model: an address of the Hub is hf://owner/name, hf://owner/name@revision or one of these with the path of a file behind it.`,
    );
  const revision = at < 0 ? null : rest.slice(at + 1);
  try {
    return {
      id: `${owner}/${name}`,
      revision: revision === null || revision === '' ? null : decodeURIComponent(revision),
    };
  } catch {
    throw new OffaxisError('bad-parameter', say`${path}: its revision can't be read. Write "/" in it as %2F.`);
  }
}

function parsed(text: string, path: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // said below
  }
  throw strange(path);
}

/** Entries carry their whole path. */
function entriesOf(text: string, folder: string): Listed[] {
  const value: unknown = parsed(text, folder);
  if (!Array.isArray(value)) throw strange(folder);
  return value.flatMap((entry: unknown): Listed[] => {
    const { path, type } = (entry ?? {}) as Record<string, unknown>;
    const name = typeof path === 'string' ? path.split('/').at(-1) : undefined;
    if (name === undefined || name === '' || (type !== 'file' && type !== 'directory')) return [];
    return [{ name, kind: type === 'file' ? 'file' : 'folder' }];
  });
}

function strange(path: string): OffaxisError {
  return new OffaxisError('read-failed', say`${path}: the server does not answer as the Hub does. Check HF_ENDPOINT.`);
}
