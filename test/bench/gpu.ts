/** Speed of the GPU path as ratios within one run on one adapter: see scripts/bench-gpu.mjs. */
import { findGpu } from '../../src/linalg/dawn/index.ts';
import { BandReduction } from '../../src/linalg/webgpu/bandReduction.ts';
import { GpuContext } from '../../src/linalg/webgpu/context.ts';
import { STORAGE_BUFFER } from '../../src/linalg/webgpu/flags.ts';
import { multiply } from '../../src/linalg/webgpu/gemm/multiply.ts';
import { timeGemm, tuneGemm } from '../../src/linalg/webgpu/gemm/tuning.ts';
import {
  direct,
  GEMM_VARIANTS,
  type GemmVariant,
  possibleVariants,
  shared,
} from '../../src/linalg/webgpu/gemm/variants.ts';
import { createMatrix, type DeviceMatrix } from '../../src/linalg/webgpu/matrix.ts';
import { countReduction } from '../../src/linalg/webgpu/countReduction.ts';
import { upload } from '../../src/linalg/webgpu/upload.ts';
import { encode, normal } from '../unit/matrices.ts';
import { MACHINES, modelReduction } from './gpuModel.ts';

export interface GpuBenchOptions {
  /** folder of the built bundles */
  bundleDirectory: string;
  /** matrices are size x size; 0: 2048 on a GPU, 512 on a software adapter */
  size: number;
  batch: number;
  /** rounds in which everything takes turns, the best of which counts: other work on the machine then slows all alike */
  rounds: number;
}

/** Forms that were tried by hand and are not among those that the tuning run chooses from. */
const BY_HAND: readonly GemmVariant[] = [
  ...[direct(4, 4, 8, 8), direct(4, 4, 2, 32), direct(8, 4, 8, 8), direct(4, 8, 8, 8), direct(8, 8, 4, 4)],
  ...[
    direct(8, 8, 16, 4),
    direct(4, 16, 8, 8),
    shared(8, 4, 16, 8, 16),
    shared(8, 8, 8, 8, 32),
    shared(4, 4, 16, 16, 32),
  ],
];
/** Goals of the project. */
const LEAST_GEMM_RATIO = 0.8;
const MOST_REDUCTION_RATIO = 2;
const COPY_BYTES = 2 ** 27;

/** Prints the tables; the result says whether every goal was met. */
export async function benchGpu(options: GpuBenchOptions): Promise<boolean> {
  const { bundleDirectory, rounds } = options;
  const found = await findGpu({ requested: 'gpu', bundleDirectory, memoryMiB: 0, suspect: false });
  const { device, report } = found;
  const { adapter } = report;
  if (!device || !adapter) throw new Error(`There is no GPU to measure. ${report.why}`);
  const software = adapter.kind === 'software';
  const size = options.size || (software ? 512 : 2048);
  const context = new GpuContext(device.device, { memoryCap: report.memoryCapBytes ?? 2 ** 30 });
  try {
    console.log(
      `Adapter: ${adapter.name}${software ? ', which computes on the CPU. No GPU is at hand: only the ratios mean anything.' : ''}`,
    );
    const gemm = await gemmTable(context, software ? 512 : 2048, rounds);
    const good = await reductionTable(context, gemm, { ...options, size, software });
    modelTable(options.batch);
    return good;
  } finally {
    context.dispose();
    await device.close();
  }
}

interface GemmResult {
  variant: GemmVariant;
  size: number;
  /** flops a second of the chosen form */
  rate: number;
  ratio: number;
}

async function gemmTable(context: GpuContext, size: number, rounds: number): Promise<GemmResult> {
  const chosen = await tuneGemm(context, new Map<string, string>());
  const variants = possibleVariants(context.device, [...GEMM_VARIANTS, ...BY_HAND]);
  const rates = new Map<GemmVariant, number>();
  for (let round = 0; round < rounds; round++) {
    for (const variant of variants) {
      const [timing] = await timeGemm(context, [variant], size);
      rates.set(variant, Math.max(rates.get(variant) ?? 0, timing?.rate ?? 0));
    }
  }
  const sorted = [...rates].sort(([, one], [, other]) => other - one);
  const best = sorted[0]?.[1] ?? NaN;
  console.log(`\nC = A B, ${size} x ${size}, float32; one form is chosen by the tuning run\n`);
  head('form (block of a thread, threads of a workgroup)', 'GFLOP/s', 'of the fastest');
  for (const [variant, rate] of sorted) {
    const name = `${variant.name}${variant === chosen ? ' (chosen)' : GEMM_VARIANTS.includes(variant) ? '' : ' (by hand)'}`;
    row(name, (rate / 1e9).toFixed(2), `${((100 * rate) / best).toFixed(0)} %`);
  }
  const rate = rates.get(chosen) ?? NaN;
  return { variant: chosen, size, rate, ratio: rate / best };
}

async function reductionTable(
  context: GpuContext,
  gemm: GemmResult,
  options: GpuBenchOptions & { software: boolean },
): Promise<boolean> {
  const { size, batch, rounds, software } = options;
  const { total, panels } = countReduction(size, size, batch);
  const times = { product: NEVER, copy: NEVER, reduction: NEVER };
  const byKernel = new Map<string, number>();
  const product = await Products.create(context, gemm);
  const reduction = await BandReduction.create(context, { rows: size, columns: size, batch, keepReflectors: false });
  try {
    await fill(reduction);
    await reduction.reduce(); // compiles
    for (let round = 0; round < rounds; round++) {
      times.product = least(times.product, await timed(async () => product.run()));
      times.copy = least(times.copy, await timeCopy(context));
      await fill(reduction);
      times.reduction = least(times.reduction, await timed(async () => reduction.reduce()));
    }
    await fill(reduction);
    await reduction.reduce(undefined, (kernel, ms) => byKernel.set(kernel, (byKernel.get(kernel) ?? 0) + ms));
  } finally {
    reduction.destroy();
    product.release();
  }
  const observed = [...byKernel.values()].reduce((sum, ms) => sum + ms, 0);
  const inPanels = [...byKernel].filter(([name]) => name.startsWith('panel')).reduce((sum, [, ms]) => sum + ms, 0);
  const flopRate = product.flops / times.product.wall;
  const copyRate = (2 * COPY_BYTES) / times.copy.wall;
  const billions = (value: number, digits = 2): string => (value / 1e9).toFixed(digits);
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  console.log(`\nReduction to a band of ${batch} x ${size} x ${size}\n`);
  head('figure', 'value');
  row('flops', `${billions(total.flops, 1)} G, ${percent(panels.flops / total.flops)} of them in panels`);
  row('bytes moved, at least', `${billions(total.bytes)} GB, ${percent(panels.bytes / total.bytes)} of them in panels`);
  row('dispatches', `${total.dispatches}, ${panels.dispatches} of them panels`);
  row('share of panels in the time, one dispatch after another', percent(inPanels / observed));
  row('product', `${billions(flopRate)} GFLOP/s: the flops take ${(total.flops / flopRate).toFixed(2)} s`);
  row('copy', `${billions(copyRate)} GB/s: the bytes take ${(total.bytes / copyRate).toFixed(2)} s`);
  row('reduction', `${times.reduction.wall.toFixed(2)} s, ${billions(total.flops / times.reduction.wall)} GFLOP/s`);
  const against = (kind: keyof Time): { ratio: number; larger: string } => {
    const byFlops = (total.flops * times.product[kind]) / product.flops;
    const byBytes = (total.bytes * times.copy[kind]) / (2 * COPY_BYTES);
    const larger = byFlops > byBytes ? 'flops' : 'bytes';
    return { ratio: times.reduction[kind] / Math.max(byFlops, byBytes), larger };
  };
  const wall = against('wall');
  console.log('\nAgainst the goals\n');
  head('goal', 'here', 'wanted');
  row('chosen product, of the fastest tried', percent(gemm.ratio), `at least ${percent(LEAST_GEMM_RATIO)}`);
  const most = `at most ${MOST_REDUCTION_RATIO} times`;
  row(`reduction, against its ${wall.larger}`, `${wall.ratio.toFixed(2)} times`, most);
  if (software) {
    // On a machine with other work the wall clock measures that work too.
    const busy = against('busy');
    row(`the same in processor time, against its ${busy.larger}`, `${busy.ratio.toFixed(2)} times`, most);
  }
  return gemm.ratio >= LEAST_GEMM_RATIO && wall.ratio <= MOST_REDUCTION_RATIO;
}

/** Seconds: by the clock, and of all processors together in this process, which is what a software adapter works with. */
interface Time {
  wall: number;
  busy: number;
}
const NEVER: Time = { wall: Infinity, busy: Infinity };
const least = (one: Time, other: Time): Time => ({
  wall: Math.min(one.wall, other.wall),
  busy: Math.min(one.busy, other.busy),
});
async function timed(action: () => Promise<void>): Promise<Time> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await action();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - started) / 1e3, busy: (user + system) / 1e6 };
}

/** Products in the chosen form that take about as long as a submission of the reduction. */
class Products {
  private constructor(
    private readonly context: GpuContext,
    private readonly matrices: readonly [DeviceMatrix, DeviceMatrix, DeviceMatrix],
    private readonly gemm: GemmResult,
    private readonly repeats: number,
  ) {}

  static async create(context: GpuContext, gemm: GemmResult): Promise<Products> {
    const { size } = gemm;
    const make = async (label: string): Promise<DeviceMatrix> => createMatrix(context, label, size, size);
    const matrices = [await make('A'), await make('B'), await make('C')] as const;
    const next = normal(2);
    for (const { buffer } of matrices)
      context.device.queue.writeBuffer(buffer, 0, Float32Array.from({ length: size * size }, next));
    const repeats = Math.max(1, Math.round((0.5 * gemm.rate) / (2 * size ** 3)));
    return new Products(context, matrices, gemm, repeats);
  }

  get flops(): number {
    return 2 * this.gemm.size ** 3 * this.repeats;
  }

  async run(): Promise<void> {
    const [a, b, c] = this.matrices;
    await multiply(
      this.context,
      Array.from({ length: this.repeats }, () => ({ a, b, c })),
      this.gemm,
    );
    await this.context.device.queue.onSubmittedWorkDone();
  }

  release(): void {
    for (const { buffer } of this.matrices) this.context.pool.release(buffer);
  }
}

async function timeCopy(context: GpuContext): Promise<Time> {
  const from = await context.pool.acquire('copy from', COPY_BYTES, STORAGE_BUFFER);
  const to = await context.pool.acquire('copy to', COPY_BYTES, STORAGE_BUFFER);
  try {
    let best = NEVER;
    for (let i = 0; i < 3; i++) {
      const encoder = context.device.createCommandEncoder();
      encoder.copyBufferToBuffer(from, 0, to, 0, COPY_BYTES);
      best = least(best, await timed(async () => context.submit('copy', encoder)));
    }
    return best;
  } finally {
    context.pool.release(from);
    context.pool.release(to);
  }
}

/** Gaussian weights, of columns that differ in size; every member the same. */
async function fill(reduction: BandReduction): Promise<void> {
  const { rows, columns, batch } = reduction.shape;
  const next = normal(1);
  const few = Float64Array.from({ length: 4093 }, next);
  const values = Float64Array.from({ length: rows * columns }, (_, i) => {
    const value = few[(i * 31 + ((i / columns) | 0) * 17) % few.length] ?? 0;
    return value * (1 + (i % columns) / columns);
  });
  const words = await upload(reduction.context, encode('BF16', values));
  const pair = { rows, columns, base: { words, type: 'BF16' as const }, tuned: null };
  for (let member = 0; member < batch; member++) await reduction.fill(member, pair, 'base');
  reduction.context.pool.release(words.buffer);
}

function modelTable(batch: number): void {
  console.log(
    '\nModel of real GPUs, from the counts and published figures; NOT a measurement (assumptions: test/bench/gpuModel.ts)\n',
  );
  head('GPU', 'matrices of', 'batch', 'ms a matrix', 'in panels', 'the rest waits for memory');
  for (const machine of MACHINES) {
    for (const size of [2048, 4096]) {
      for (const members of [...new Set([1, batch, 12])]) {
        const { kernels } = countReduction(size, size, members);
        const { seconds, panelShare, memoryShare } = modelReduction(machine, kernels, size, members);
        const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
        const cells = [machine.name, `${size} x ${size}`, String(members), (seconds * 1e3).toFixed(0)];
        row(...cells, percent(panelShare), percent(memoryShare));
      }
    }
  }
}

/** A row of a Markdown table, and its head. */
function row(...cells: string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}
function head(...cells: string[]): void {
  row(...cells);
  row(...cells.map(() => '---'));
}
