/** Which linear-algebra backend does the work. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContentCache } from '../cache/index.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import { createWasmBackend } from '../linalg/wasm/index.ts';
import type { BackendRequest, GpuReport } from '../protocol/gpu.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { openGpu, reportGpu, type OpenGpu } from './gpu.ts';
import { KeptBackend } from './kept/backend.ts';
import { engineVersion } from './kept/engineVersion.ts';
import type { Keeping } from './kept/run.ts';
import { withinCap } from './memoryCap.ts';

export interface BackendLog {
  info(line: string): void;
  warn(line: string): void;
}
export interface BackendChoice {
  backend: BackendRequest;
  /** worker threads; 0: all cores */
  threads: number;
  /** bytes that the process may take; 0 or left out: as the machine allows */
  memoryBytes?: number;
  /** MiB of GPU buffers; 0 or left out: from the adapter's limits */
  memoryMiB?: number;
  /** an earlier process crashed during GPU work: the GPU is not touched */
  suspect?: boolean;
  /** where the built worker and kernels lie; by default beside the running bundle */
  directory?: string;
  /** folder of the bundle beside which the GPU library is looked for; by default the running one's */
  bundleDirectory?: string;
  /** where results are kept between runs, and how much all of them may take; null or left out: nowhere */
  cache?: { folder: string; maxBytes: number } | null;
  log?: BackendLog;
  /** true while the GPU is looked for or works: a crash then is the device's */
  onGpuWork?: (busy: boolean) => void;
}

export interface Backends {
  /** null: nothing is kept */
  readonly keeping: Keeping | null;
  /** for headers, chunks and everything else that needs no spectra */
  readonly cpu: LinearAlgebraBackend;
  /** For leading triplets, with what is kept: the CPU's work, since a device would be sent every matrix for little. */
  readonly aligning: LinearAlgebraBackend;
  /** The one that computes spectra; the GPU is looked for at the first call. Never throws: without a GPU it is the CPU. */
  spectral(): Promise<LinearAlgebraBackend>;
  /** What `spectral` rests on; failures since then included. */
  choice(): Promise<GpuReport>;
  /** For people: like `choice`, but whatever there is has been tried. */
  report(): Promise<GpuReport>;
  dispose(): Promise<void>;
}

/**
 * The CPU backend on WASM SIMD at once, the GPU when it is asked for. Throws `bug` when the build is incomplete, and bad-parameter if the
 * memory that is allowed holds nothing.
 */
export async function createBackends(options: BackendChoice): Promise<Backends> {
  const here = dirname(fileURLToPath(import.meta.url));
  const directory = options.directory ?? here;
  const workerFile = join(directory, 'linalg-worker.mjs');
  const kernelDirectory = join(directory, 'kernels');
  if (!existsSync(workerFile))
    throw new OffaxisError(
      'bug',
      `${workerFile} is missing: the installation is incomplete. Install Offaxis again, or run "npm run build" in a checkout.`,
    );
  const wanted = options.threads || availableParallelism();
  const { threads, budget } = options.memoryBytes
    ? withinCap(options.memoryBytes, wanted)
    : { threads: wanted, budget: undefined };
  const cpu = await createWasmBackend({ threads, kernelDirectory, workerFile, budget });
  const settings = {
    requested: options.backend,
    memoryMiB: options.memoryMiB ?? 0,
    suspect: options.suspect ?? false,
    bundleDirectory: options.bundleDirectory ?? here,
  };
  const log = options.log ?? { info: () => undefined, warn: () => undefined };
  const keeping = options.cache
    ? {
        cache: new ContentCache({ ...options.cache, warn: (line) => log.warn(line) }),
        version: engineVersion(directory),
      }
    : null;
  const keeps = (backend: LinearAlgebraBackend): LinearAlgebraBackend =>
    keeping ? new KeptBackend(backend, keeping.cache, keeping.version) : backend;
  let opened: Promise<OpenGpu> | undefined;
  const gpu = (): Promise<OpenGpu> =>
    (opened ??= openGpu({ ...settings, cpu, log, onWork: options.onGpuWork ?? (() => undefined) }));
  let spectral: Promise<LinearAlgebraBackend> | undefined;
  return {
    keeping,
    cpu,
    aligning: keeps(cpu),
    spectral: () => (spectral ??= gpu().then(({ backend }) => keeps(backend ?? cpu))),
    choice: async () => (await gpu()).report(),
    report: async () => reportGpu(settings, (await gpu()).report(), options.onGpuWork ?? (() => undefined)),
    async dispose() {
      await keeping?.cache.flush();
      const backend = (await opened)?.backend;
      // The failover backend ends the CPU's threads as well.
      await (backend ?? cpu).dispose();
    },
  };
}
