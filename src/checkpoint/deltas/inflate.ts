/** zstd by Node's own zlib, as a stream: neither the compressed bytes nor what they make lie in memory as a whole. */
import { pipeline, Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';

/** Compressed bytes that are read at a time. */
const PIECE = 1024 * 1024;

/** Node has zstd from 22.15 and 23.8 on. */
export const hasZstd = (from: Partial<typeof zlib> = zlib): boolean => typeof from.createZstdDecompress === 'function';

export function needsZstd(): OffaxisError {
  return new OffaxisError(
    'bad-parameter',
    say`This delta is compressed with zstd, which Node.js has from 22.15 on; this is Node.js ${process.versions.node}. Run Offaxis with a newer one (in VS Code the setting "offaxis.nodePath").`,
  );
}

/**
 * What `size` bytes make that `read` gives from an offset on. Throws what `read` throws, bad-parameter without zstd, and bad-file if they
 * are not zstd: `what` names them.
 */
export async function* inflate(
  read: (offset: number, target: Uint8Array) => Promise<void>,
  size: number,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!hasZstd()) throw needsZstd();
  async function* compressed(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < size; at += PIECE) {
      const piece = new Uint8Array(Math.min(PIECE, size - at));
      await read(at, piece);
      yield piece;
    }
  }
  const stream = zlib.createZstdDecompress();
  // a failure reaches whoever reads the stream
  pipeline(Readable.from(compressed(), { objectMode: false }), stream, () => undefined);
  try {
    for await (const piece of stream) yield piece as Uint8Array;
  } catch (error) {
    if (error instanceof OffaxisError) throw error;
    throw new OffaxisError('bad-file', say`${what} is damaged: it is not whole zstd data. Publish it again.`, {
      cause: error,
    });
  }
}
