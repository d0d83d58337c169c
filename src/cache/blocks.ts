/** Stretches of remote files on disk, beside the results and under the same cap: what was downloaded once does not travel again. */
import type { BlockStore } from '../bytes/index.ts';
import { cacheKey, type ContentCache } from './contentCache.ts';

/** Of the cap: blocks of a model larger than the cache leave room for results, which are worth more. */
const SHARE = 0.5;

export class CachedBlocks implements BlockStore {
  /** bytes kept by this process */
  private kept = 0;
  readonly capacityBytes: number;

  /** `maxBytes`: what the whole cache may take */
  constructor(
    private readonly cache: ContentCache,
    maxBytes: number,
  ) {
    this.capacityBytes = Math.floor(maxBytes * SHARE);
  }

  /** `key` holds an address; on disk its hash stands for it. */
  get(key: string): Promise<Uint8Array | null> {
    return this.cache.get(keyOf(key));
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    // The first ones stay: a second pass that takes them in the same order would find none if each replaced an older one.
    if (this.kept + bytes.length > this.capacityBytes) return;
    this.kept += bytes.length;
    await this.cache.put(keyOf(key), bytes);
  }
}

const keyOf = (key: string): string => cacheKey('remote block', key);
