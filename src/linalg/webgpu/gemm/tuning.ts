/** Which form of the matrix product is the fastest on this adapter: tried once, then remembered. */
import type { GpuContext } from '../context.ts';
import { createMatrix, type DeviceMatrix } from '../matrix.ts';
import { currentVariant, multiply } from './multiply.ts';
import { GEMM_VARIANTS, type GemmVariant, possibleVariants } from './variants.ts';

/** Where the choice is kept between runs, given by whoever has files. Losing it costs a tuning run, nothing else. */
export interface TuningStore {
  get(key: string): string | undefined;
  set(key: string, value: string): unknown;
}

export interface GemmTiming {
  variant: GemmVariant;
  milliseconds: number;
  /** flops a second */
  rate: number;
}

/** Large enough that a GPU is busy, small enough that all variants are tried on a software adapter within seconds. */
const TUNING_SIZE = 512;
/** What one measurement should take at least, so that the submission itself does not count. */
const LEAST_MS = 8;
const MOST_REPEATS = 64;
const MEASUREMENTS = 3;
/** No further variant is begun after that: a software adapter may take seconds to compile one. */
const TUNING_MS = 8000;

/** What the choice depends on: the adapter, its driver, and the variants themselves. */
export function tuningKey({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  const variants = GEMM_VARIANTS.map(({ name }) => name).join('; ');
  return JSON.stringify(['gemm', vendor, architecture, device, description, variants]);
}

/**
 * Makes products on this context take the form that is the fastest on its adapter, from the store or by a tuning run. Throws device-lost,
 * cancelled.
 */
export async function tuneGemm(context: GpuContext, store: TuningStore, signal?: AbortSignal): Promise<GemmVariant> {
  const key = tuningKey(context.device.adapterInfo);
  const known = store.get(key);
  const possible = possibleVariants(context.device);
  const current = currentVariant(context);
  const kept = possible.find(({ name }) => name === known);
  if (kept) current.variant = kept;
  else {
    const [fastest] = await timeGemm(context, possible, TUNING_SIZE, { budgetMs: TUNING_MS, signal });
    if (fastest) current.variant = fastest.variant;
    await store.set(key, current.variant.name);
  }
  return current.variant;
}

/**
 * Times variants on one square product, the fastest first; those that the budget does not reach are left out. Compiles each; holds three
 * size x size matrices. Throws device-lost, cancelled.
 */
export async function timeGemm(
  context: GpuContext,
  variants: readonly GemmVariant[],
  size: number,
  { budgetMs = Infinity, signal }: { budgetMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<GemmTiming[]> {
  const begun = performance.now();
  const matrices: DeviceMatrix[] = [];
  try {
    for (const name of ['a', 'b', 'c']) matrices.push(await createMatrix(context, `tuning ${name}`, size, size));
    const [a, b, c] = matrices;
    if (!a || !b || !c) return [];
    // Numbers, not what the pool left: arithmetic on subnormals and NaN takes its own time.
    for (const { buffer, rows, ld } of [a, b]) {
      const values = Float32Array.from({ length: rows * ld }, (_, i) => ((i * 7919) % 2039) / 2039 - 0.5);
      await context.checked('tuning', () => context.device.queue.writeBuffer(buffer, 0, values));
    }
    const timings: GemmTiming[] = [];
    let repeats = 1;
    let least = Infinity;
    for (const variant of variants) {
      if (timings.length && performance.now() - begun > budgetMs) break;
      const run = async (count: number): Promise<number> => {
        const started = performance.now();
        await multiply(
          context,
          Array.from({ length: count }, () => ({ a, b, c })),
          { variant },
        );
        await context.guard(context.device.queue.onSubmittedWorkDone(), signal);
        return (performance.now() - started) / count;
      };
      await run(1); // compiles
      let milliseconds = await run(repeats);
      while (milliseconds * repeats < LEAST_MS && repeats < MOST_REPEATS) {
        repeats *= 2;
        milliseconds = await run(repeats);
      }
      // One that is far behind is not timed again.
      for (let i = 1; i < MEASUREMENTS && milliseconds < 2 * least; i++)
        milliseconds = Math.min(milliseconds, await run(repeats));
      least = Math.min(least, milliseconds);
      timings.push({ variant, milliseconds, rate: (2 * size ** 3) / (milliseconds / 1e3) });
    }
    return timings.sort((one, other) => one.milliseconds - other.milliseconds);
  } finally {
    for (const { buffer } of matrices) context.pool.release(buffer);
  }
}
