/** Files at remote addresses as a place: looked at, stamped, opened and, if their store can do that, listed. */
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { basename, dirname, join, namesOf, rootOf } from '../path.ts';
import type { EntryKind, Place } from '../place.ts';
import { Secrets, withoutSecrets } from './address.ts';
import { RecentBlocks, type BlockStore } from './blocks.ts';
import { SYSTEM, type RemoteEnvironment } from './environment.ts';
import { Fresh } from './fresh.ts';
import { HubStore } from './hub.ts';
import { remoteSource, stampOfSeen } from './source.ts';
import { S3Store } from './s3.ts';
import { webStore } from './web.ts';
import { NotAllowed, NotThere, Transfer, type Seen } from './transfer.ts';
import type { Ask, Listed, Store } from './store.ts';

const RECENT_BYTES = 64 * 1024 * 1024;

export class RemotePlace implements Place {
  private readonly secrets = new Secrets();
  private readonly transfer: Transfer;
  private readonly stores: Readonly<Record<string, Store>>;
  private readonly looks: Fresh<Seen | null>;
  private readonly listings: Fresh<readonly Listed[]>;
  /** folders with a file that may be read, which may not be listed themselves */
  private readonly unlisted = new Set<string>();
  private readonly recent = new RecentBlocks(RECENT_BYTES);
  private blocks: BlockStore | null = null;
  private hubToken: string | null = null;
  private told: (line: string) => void = () => undefined;

  constructor(environment: RemoteEnvironment = SYSTEM) {
    const now = (): number => environment.now();
    this.looks = new Fresh(now);
    this.listings = new Fresh(now);
    const web = webStore(this.secrets);
    const { variables } = environment;
    const ask: Ask = (...request) => this.transfer.ask(...request);
    this.stores = {
      'http:': web,
      'https:': web,
      'hf:': new HubStore({ variables, ask, token: () => this.hubToken }),
      's3:': new S3Store({ variables, ask }),
    };
    this.transfer = new Transfer({
      environment,
      targetOf: (path) => this.storeOf(path).target(path),
      signIn: (path) => this.storeOf(path).signIn,
      tell: (line) => this.told(line),
    });
  }

  /** Where blocks are kept beyond the process, the Hub's token (in place of HF_TOKEN), and who hears what is waited for. */
  use(given: { blocks?: BlockStore | null; hubToken?: string | null; tell?: (line: string) => void }): void {
    const { blocks, hubToken, tell } = given;
    if (blocks !== undefined) this.blocks = blocks;
    if (hubToken !== undefined) this.hubToken = hubToken;
    if (tell) this.told = tell;
  }

  /** bytes that have come so far */
  get received(): number {
    return this.transfer.received;
  }
  /** of blocks that are kept beyond the process; 0 without such a store */
  get keptBytes(): number {
    return this.blocks?.capacityBytes ?? 0;
  }

  /** An address that was typed as it may be shown and is understood here: nothing private in it. Throws bad-parameter. */
  admit(typed: string): string {
    this.check(typed);
    return this.secrets.admit(typed);
  }
  /** Whether it is an address at all; nothing is asked for and nothing is kept. Throws bad-parameter. */
  check(typed: string): void {
    const { address } = withoutSecrets(typed);
    this.storeOf(address).check?.(address);
  }

  /** The address of one version: a branch of the Hub as its commit. Throws bad-file, bad-parameter, read-failed, cancelled. */
  async pinned(address: string, signal?: AbortSignal): Promise<string> {
    const store = this.storeOf(address);
    return store.pinned ? store.pinned(address, signal) : address;
  }

  canList(folder: string): boolean {
    return this.storeOf(folder).list !== undefined && !this.unlisted.has(join(folder));
  }

  async kind(path: string): Promise<EntryKind> {
    if (namesOf(path).length === 0) return 'folder';
    const folder = dirname(path);
    if (this.canList(folder)) {
      const entries = await this.entriesOf(folder).catch(async (error: unknown) => {
        // Many a public bucket hands out its objects and no list of them.
        if (!(error instanceof NotAllowed) || !(await this.look(path).catch(() => null))) throw error;
        this.unlisted.add(join(folder));
        return null;
      });
      if (!entries) return 'file';
      const found = entries.find(({ name }) => name === basename(path));
      if (!found) throw new OffaxisError('bad-file', say`${path} does not exist. Check the address.`);
      return found.kind;
    }
    if (/\/(\?|$)/.test(path)) return 'folder';
    if (!(await this.look(path))) throw new OffaxisError('bad-file', say`${path} does not exist. Check the address.`);
    return 'file';
  }

  async list(folder: string): Promise<string[]> {
    return (await this.entriesOf(folder)).map(({ name }) => name).sort();
  }

  async open(path: string): Promise<ReturnType<typeof remoteSource>> {
    const seen = await this.look(path);
    if (!seen) throw new OffaxisError('bad-file', say`${path} does not exist. Check the address.`);
    return remoteSource(path, seen, this.transfer, { recent: this.recent, store: this.blocks });
  }

  async stamp(path: string): Promise<ReturnType<typeof stampOfSeen> | null> {
    try {
      if (this.canList(dirname(path)) && (await this.kind(path)) !== 'file') return null;
      const seen = await this.look(path);
      return seen && stampOfSeen(seen);
    } catch {
      return null;
    }
  }

  /** null if it is not there */
  private look(path: string): Promise<Seen | null> {
    return this.looks.get(path, async () => {
      try {
        return await this.transfer.look(path);
      } catch (error) {
        if (error instanceof NotThere) return null;
        throw error;
      }
    });
  }

  private entriesOf(folder: string): Promise<readonly Listed[]> {
    const store = this.storeOf(folder);
    if (!store.list)
      return Promise.reject(
        new OffaxisError(
          'bad-file',
          say`${folder} can't be listed: a web server does not say which files it has. Name the file or its index, such as ${rootOf(folder)}/…/model.safetensors.index.json.`,
        ),
      );
    return this.listings.get(folder, () => store.list?.(folder) ?? Promise.resolve([]));
  }

  private storeOf(path: string): Store {
    const scheme = /^\w+:/.exec(path)?.[0].toLowerCase() ?? '';
    const store = this.stores[scheme];
    if (!store) throw new OffaxisError('bad-parameter', say`${scheme}// is not a kind of address that is read here.`);
    return store;
  }
}
