/** Files by offset: where they lie, what they hold, and whether they are still what they were. */
export { basename, dirname, isAbsolute, isRemote, join, relative, resolve } from './path.ts';
export { cacheFolder } from './cacheFolder.ts';
export { disk, type EntryKind, type Place } from './place.ts';
export { places, remote } from './places.ts';
export { isMarked, withoutSecrets } from './remote/address.ts';
export type { BlockStore } from './remote/blocks.ts';
export { hubAddress } from './remote/hub.ts';
export {
  byteSourceOf,
  changedError,
  openByteSource,
  openError,
  type ByteSource,
  type ReadableHandle,
} from './source.ts';
export { isSameStamp, stampOf, stampText, type FileStamp } from './stamp.ts';
