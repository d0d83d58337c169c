/** Files by offset: where they lie, what they hold, and whether they are still what they were. */
export { cacheFolder } from './cacheFolder.ts';
export { disk, type EntryKind, type Place } from './place.ts';
export {
  byteSourceOf,
  changedError,
  openByteSource,
  openError,
  type ByteSource,
  type ReadableHandle,
} from './source.ts';
export { isSameStamp, stampOf, stampText, type FileStamp } from './stamp.ts';
