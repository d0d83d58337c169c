/**
 * What was computed once, kept on disk by content.
 *
 *     const cache = new ContentCache({ folder, maxBytes, warn });
 *     const key = cacheKey('pair', version, hashes, parameters);
 *     (await cache.get(key)) ?? (await cache.put(key, compute()));
 */
export { CachedBlocks } from './blocks.ts';
export { cacheKey, ContentCache, type CacheOptions } from './contentCache.ts';
export { cacheFacts, clearCache, type CacheFacts } from './folder.ts';
export { DEFAULT_CACHE_BYTES, resultsFolder } from './resultsFolder.ts';
