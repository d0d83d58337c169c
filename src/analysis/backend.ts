/** Which linear-algebra backend does the work. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { createWasmBackend } from '../linalg/wasm/index.ts';
import type { BackendRequest } from '../protocol/gpu.ts';
import { OffaxisError } from '../protocol/errors.ts';

export interface BackendChoice {
  backend: BackendRequest;
  /** worker threads; 0: all cores */
  threads: number;
  /** where the built worker and kernels lie; by default beside the running bundle */
  directory?: string;
}

/** The CPU backend on WASM SIMD. `auto` is the same until a GPU backend exists. Throws `bug` when the build is incomplete. */
export async function createBackend({ threads, directory }: BackendChoice): Promise<LinearAlgebraBackend> {
  const here = directory ?? dirname(fileURLToPath(import.meta.url));
  const workerFile = join(here, 'linalg-worker.mjs');
  const kernelDirectory = join(here, 'kernels');
  if (!existsSync(workerFile))
    throw new OffaxisError(
      'bug',
      `${workerFile} is missing: the installation is incomplete. Install Offaxis again, or run "npm run build" in a checkout.`,
    );
  return createWasmBackend({ threads: threads || availableParallelism(), kernelDirectory, workerFile });
}
