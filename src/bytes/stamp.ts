/** Whether a file is still the one that was read: one stamp for readers, caches and monitors. */
import type { BigIntStats } from 'node:fs';

/** Another size, another time of the last change, or another file under the same name. */
export interface FileStamp {
  sizeBytes: number;
  /** time of the last change, ns since 1970 */
  modifiedNs: bigint;
  inode: bigint;
  device: bigint;
  /** of a remote file, in place of the three above: what its server calls these bytes */
  version?: string;
}

export function stampOf({ size, mtimeNs, ino, dev }: BigIntStats): FileStamp {
  return { sizeBytes: Number(size), modifiedNs: mtimeNs, inode: ino, device: dev };
}

/** Equal for equal stamps, and only for them; "missing" if there is no file. */
export function stampText(stamp: FileStamp | null): string {
  if (!stamp) return 'missing';
  const { sizeBytes, modifiedNs, inode, device, version } = stamp;
  return version === undefined ? `${sizeBytes} ${modifiedNs} ${inode} ${device}` : `${sizeBytes} ${version}`;
}

export function isSameStamp(a: FileStamp | null, b: FileStamp | null): boolean {
  return stampText(a) === stampText(b);
}
