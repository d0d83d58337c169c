/** The reference implementation of safetensors, by its Python package if that is installed. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Reference {
  version: string;
  /** null: it takes the file; else why not */
  refusal(file: Uint8Array): Promise<string | null>;
  close(): void;
}

/** Null if there is no Python, or no package `safetensors` in it. OFFAXIS_PYTHON names another Python. */
export async function openReference(folder: string): Promise<Reference | null> {
  const python = process.env['OFFAXIS_PYTHON'] ?? 'python3';
  const child = spawn(python, [join(folder, 'reference.py')], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('exit', () => resolve(null));
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string | null> => {
    const next = await Promise.race([lines.next(), ended]);
    return next === null || next.done === true ? null : next.value;
  };
  const version = await line();
  if (version === null) return null;
  return {
    version,
    async refusal(file) {
      const head = Buffer.alloc(4);
      head.writeUInt32LE(file.length);
      child.stdin.write(Buffer.concat([head, file]));
      const answer = await line();
      if (answer === null) throw new Error('The reference has ended.');
      return answer === 'accepted' ? null : answer;
    },
    close: () => void child.kill(),
  };
}
