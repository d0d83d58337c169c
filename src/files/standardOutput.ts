/** Standard output to its last byte: a full disk and a reader that has gone are errors, whatever it is connected to. */
import { fstatSync, write } from 'node:fs';
import { OffaxisError, throwIfAborted } from '../protocol/errors.ts';
import { encoded } from './encoded.ts';

const STDOUT = 1;
const NAME = 'Standard output';

/**
 * Returns when the system has taken the whole text, or all its pieces. Throws read-failed if it cannot, and cancelled as soon as
 * `signal` says so: a reader that does not read holds a pipe for ever.
 */
export async function writeStandardOutput(text: string | Iterable<string>, signal?: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const write = isFile() ? writeFile : writeStream;
  for (const bytes of encoded(text)) await write(bytes, signal);
}

function writeStream(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal);
  return new Promise<void>((resolve, reject) => {
    const stop = (): void => reject(new OffaxisError('cancelled', 'Cancelled.'));
    signal?.addEventListener('abort', stop, { once: true });
    process.stdout.write(bytes, (error) => {
      signal?.removeEventListener('abort', stop);
      if (error) reject(outputError(error));
      else resolve();
    });
  });
}

function isFile(): boolean {
  try {
    return fstatSync(STDOUT).isFile();
  } catch {
    return false;
  }
}

/** Node's stream for a file takes a short write for a whole one, so a full disk would cut the text and nobody would hear of it. */
async function writeFile(bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    throwIfAborted(signal);
    done += await new Promise<number>((resolve, reject) =>
      write(STDOUT, bytes, done, bytes.length - done, null, (error, written) =>
        error ? reject(outputError(error)) : resolve(written),
      ),
    );
  }
}

export function outputError(error: NodeJS.ErrnoException): OffaxisError {
  const { code = error.message } = error;
  const text =
    code === 'EPIPE'
      ? `${NAME} was closed before everything was written (EPIPE).`
      : `${NAME} can't be written (${code}): ${code === 'ENOSPC' ? 'the disk is full. Free some space' : 'try again'}.`;
  return new OffaxisError('read-failed', text, { cause: error });
}
