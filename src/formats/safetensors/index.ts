/** The safetensors format. */
import type { Format } from '../format.ts';
import { MAX_HEADER_BYTES, readSafetensorsHeader } from './header.ts';

const OPEN_BRACE = 0x7b;

export const safetensors: Format = {
  title: 'safetensors',
  suffixes: ['.safetensors'],
  stems: ['model', 'diffusion_pytorch_model', 'adapter_model', 'consolidated'],
  shared: false,
  leadingBytes: 9,
  /** A length that fits the file, then an object. */
  claims(head, sizeBytes) {
    if (head.length < this.leadingBytes || head[8] !== OPEN_BRACE) return false;
    const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
    return length <= BigInt(MAX_HEADER_BYTES) && Number(length) + 8 <= sizeBytes;
  },
  readHeader: readSafetensorsHeader,
};
