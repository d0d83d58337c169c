/** Where results go: a file or standard output. */
import { writeFile } from 'node:fs/promises';
import { OffaxisError } from '../protocol/errors.ts';

/** Writes `text` to standard output ("-") or to a file; a checkpoint is never overwritten. */
export async function writeOutput(target: string, text: string): Promise<void> {
  if (target === '-') {
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(text, (error) => (error ? reject(error) : resolve())),
    );
    return;
  }
  if (/\.(safetensors|safetensors\.index\.json)$/i.test(target))
    throw new OffaxisError(
      'bad-parameter',
      `${target} is the name of a checkpoint; results are not written over checkpoints. Choose another file name.`,
    );
  try {
    await writeFile(target, text);
  } catch (error) {
    throw new OffaxisError(
      'read-failed',
      `${target} can't be written: ${(error as Error).message}. Choose another place.`,
      { cause: error },
    );
  }
}
