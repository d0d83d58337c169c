/** Blocks of ggml, as GGUF files hold them: scales and codes together, block behind block along the rows. */
import { ggmlBlocks } from '../../numbers/index.ts';
import { throwIfAborted } from '../../protocol/errors.ts';
import type { Layout } from './layout.ts';

const PIECE_BYTES = 4 * 1024 * 1024;

export const GGML: Layout = {
  title: 'GGUF',
  source: 'llama.cpp ggml/src/ggml-quants.c dequantize_row_*, gguf-py/gguf/quants.py',
  claim(row) {
    const type = ggmlBlocks(row.dtype);
    if (!type) return null;
    const { name, weights, bytes, bits, decode } = type;
    return {
      ...{
        weight: row.name,
        kind: name,
        bits,
        group: `blocks of ${weights}`,
        shape: row.shape,
        flipped: false,
        sides: [],
      },
      decoder:
        decode === null
          ? 'how this type of ggml makes its values is not read by this version'
          : (read) => ({
              async decode(first, target, signal) {
                const block = new Float32Array(weights);
                const end = first + target.length;
                const lastBlock = Math.ceil(end / weights);
                const atOnce = Math.floor(PIECE_BYTES / bytes);
                for (let from = Math.floor(first / weights); from < lastBlock; from += atOnce) {
                  throwIfAborted(signal);
                  const piece = new Uint8Array(Math.min(atOnce, lastBlock - from) * bytes);
                  await read(row, from * bytes, piece, signal);
                  for (let at = 0; at < piece.length; at += bytes) {
                    const start = (from + at / bytes) * weights;
                    if (start >= first && start + weights <= end) decode(piece, at, target, start - first);
                    else {
                      decode(piece, at, block, 0);
                      const low = Math.max(first, start);
                      target.set(block.subarray(low - start, Math.min(end, start + weights) - start), low - first);
                    }
                  }
                }
              },
            }),
    };
  },
};
