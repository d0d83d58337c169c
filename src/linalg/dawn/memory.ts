/** How much memory the pool of GPU buffers may hold. WebGPU does not tell how much a device has, so the cap is careful. */
import { totalmem } from 'node:os';

const MIB = 2 ** 20;
/** Two pairs of 4096 x 14336 with their work space; half of what the smallest current card with 8 GB has. */
const DEFAULT_CAP = 4096 * MIB;
/** Integrated GPUs and software adapters take it from main memory. */
const SHARE_OF_MAIN_MEMORY = 1 / 4;
/** Less than this holds no matrix worth the transfer. */
const LEAST_CAP = 64 * MIB;

/** Bytes. `settingMiB` 0: from the limits; else the setting, which no limit of ours overrules. */
export function memoryCap(settingMiB: number, maxBufferSize: number, mainMemory = totalmem()): number {
  if (settingMiB > 0) return Math.max(LEAST_CAP, settingMiB * MIB);
  return Math.max(LEAST_CAP, Math.min(DEFAULT_CAP, Math.floor(mainMemory * SHARE_OF_MAIN_MEMORY), 4 * maxBufferSize));
}
