/** The passes over one pair behind its masks: digits of a radix selection, ties, and the counting. */
import { bytesOf, decodeCodes, hasPositions } from '../../numbers/index.ts';
import type { GpuContext } from './context.ts';
import { ceilTo, SHADER_STAGE_COMPUTE, UNIFORM_BUFFER } from './flags.ts';
import type { DeviceMatrix } from './matrix.ts';
import type { PairJob } from './pairJob.ts';
import { TYPE, type DeviceType, type RawPair, type RawSide } from './unpack.ts';
import masksCode from './wgsl/masks.wgsl';
import wordsCode from './wgsl/words.wgsl';

/** Bins of one digit, and the digits of 31 bits from the top. */
export const BINS = 2048;
const DIGITS = [
  { shift: 20, width: 2047, above: 32 },
  { shift: 9, width: 2047, above: 20 },
  { shift: 0, width: 511, above: 9 },
] as const;
/** Weights whose ties with W0's threshold are counted together; the shader's. */
export const BLOCK_WEIGHTS = 4096;
/** Entries in doubt that are told apart one by one; a matrix with more has ties. */
export const ROOM = 16384;
const THREADS = 256;
const WEIGHTS_PER_THREAD = 8;
const RECORD_BYTES = 256;
const PIECE_BYTES = 64;

/** The float32 of these bits. */
export function fromBits(bits: number): number {
  return new Float32Array(Uint32Array.of(bits).buffer)[0] ?? 0;
}

type Entry = 'digits' | 'ties' | 'count';
/** Fields of `struct Piece` that a dispatch asks for beside the piece itself. */
type Settings = Partial<
  Record<'shift' | 'width' | 'above' | 'prefix' | 'prefix0' | 'high' | 'low' | 'least' | 'cut' | 'cells', number>
>;

/** The dispatches over one pair, piece of rows by piece of rows, each piece within a binding. */
export class MaskPasses {
  /** the last index whose tie with W0's threshold is in */
  lastCut = 0;

  constructor(
    private readonly context: GpuContext,
    private readonly job: PairJob,
    private readonly pair: RawPair,
    private readonly reconstruction: DeviceMatrix,
    private readonly counts: GPUBuffer,
    private readonly doubt: GPUBuffer,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Bits of the least of the `size` largest entries, of the greatest of the `size` smallest weights, and how many ties of that are in. */
  async thresholds(size: number): Promise<{ largest: number; smallest: number; ties: number }> {
    let [prefix, prefix0] = [0, 0];
    let [wanted, wanted0] = [size, size];
    for (const { shift, width, above } of DIGITS) {
      await this.run('digits', 2 * BINS, { shift, width, above, prefix, prefix0 });
      const bins = new Uint32Array(await this.context.read(this.counts, 0, 2 * BINS * 4, this.signal));
      let digit = width;
      while (digit > 0 && (bins[digit] ?? 0) < wanted) wanted -= bins[digit--] ?? 0;
      let digit0 = 0;
      while (digit0 < width && (bins[BINS + digit0] ?? 0) < wanted0) wanted0 -= bins[BINS + digit0++] ?? 0;
      const bits = Math.log2(width + 1);
      prefix = prefix * 2 ** bits + digit;
      prefix0 = prefix0 * 2 ** bits + digit0;
    }
    return { largest: prefix, smallest: prefix0, ties: wanted0 };
  }

  /** Index of the last of the first `wanted` weights whose bits are `least`. */
  async cut(least: number, wanted: number): Promise<number> {
    const { rows, columns, type, data } = this.job.base;
    const blocks = Math.ceil((rows * columns) / BLOCK_WEIGHTS);
    await this.run('ties', blocks, { least });
    const ties = new Uint32Array(await this.context.read(this.counts, 0, blocks * 4, this.signal));
    let block = 0;
    while (block < blocks - 1 && (ties[block] ?? 0) < wanted) wanted -= ties[block++] ?? 0;
    const first = block * BLOCK_WEIGHTS;
    const bytes = bytesOf(type);
    const values = decodeCodes(type, data.slice(first * bytes, (first + BLOCK_WEIGHTS) * bytes));
    const threshold = fromBits(least);
    let at = 0;
    for (; at < values.length; at++) {
      const x = values[at] ?? 0;
      if (Math.abs(x) === threshold && --wanted <= 0) break;
    }
    this.lastCut = first + at;
    return this.lastCut;
  }

  async count(
    settings: Required<Pick<Settings, 'high' | 'low' | 'least' | 'cut' | 'cells'>>,
  ): Promise<{ histogram: Uint32Array; entries: Uint32Array | null; above: number; zeros: number }> {
    const words = 4 * settings.cells * 2;
    await this.run('count', words, settings);
    const histogram = new Uint32Array(await this.context.read(this.counts, 0, words * 4, this.signal));
    const [found = 0, above = 0, zeros = 0] = new Uint32Array(await this.context.read(this.doubt, 0, 16, this.signal));
    const entries =
      found > ROOM
        ? null
        : new Uint32Array(await this.context.read(this.doubt, 16, Math.max(found, 1) * 4, this.signal));
    return { histogram, entries: entries && entries.subarray(0, found), above, zeros };
  }

  private async run(entryPoint: Entry, words: number, settings: Settings): Promise<void> {
    const { context, pair, reconstruction } = this;
    const { device, limits } = context;
    const [base, tuned] = [pair.base as RawSide, pair.tuned as RawSide];
    const layout = context.shared('masks layout', () => makeLayout(device));
    const { grid } = this.job.options;
    const pipeline = await context.pipeline({
      ...{ label: `masks, ${entryPoint}`, code: wordsCode + masksCode, entryPoint, layout: layout.pipeline },
      constants: {
        ...{ TYPE0: TYPE[base.type], TYPE1: TYPE[tuned.type] },
        ...{ HALF: grid.grid === 'F16' ? 1 : 0, POSITIONS: hasPositions(grid) ? 1 : 0 },
      },
    });
    const list = [...this.pieces()];
    const records = await context.pool.acquire('pieces of the masks', list.length * RECORD_BYTES, UNIFORM_BUFFER);
    try {
      const view = new DataView(new ArrayBuffer(list.length * RECORD_BYTES));
      const encoder = device.createCommandEncoder();
      encoder.clearBuffer(this.counts, 0, words * 4);
      encoder.clearBuffer(this.doubt, 0, 16);
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      for (const [i, { row, rows }] of list.entries()) {
        const { columns } = pair;
        const count = rows * columns;
        const groups = Math.max(1, Math.min(Math.ceil(count / THREADS / WEIGHTS_PER_THREAD), limits.workgroups));
        const { shift = 0, width = 0, above = 0, prefix = 0, prefix0 = 0, high = 0, low = 0 } = settings;
        const fields = [
          count,
          columns,
          reconstruction.ld,
          row * columns,
          groups * THREADS,
          shift,
          width,
          above,
          prefix,
        ];
        fields.push(prefix0, high, low, settings.least ?? 0, settings.cut ?? 0, settings.cells ?? 0, ROOM);
        for (const [k, value] of fields.entries())
          if (k === 10 || k === 11) view.setFloat32(i * RECORD_BYTES + k * 4, value, true);
          else view.setUint32(i * RECORD_BYTES + k * 4, value, true);
        const raw = ({
          type,
          words: { buffer },
        }: {
          type: DeviceType;
          words: { buffer: GPUBuffer };
        }): GPUBufferBinding => ({
          ...{ buffer, offset: row * columns * bytesOf(type), size: ceilTo(count * bytesOf(type), 4) },
        });
        const { buffer, offset, ld } = reconstruction;
        const resources: GPUBufferBinding[] = [
          { buffer: records, offset: i * RECORD_BYTES, size: PIECE_BYTES },
          raw(base),
          raw(tuned),
          { buffer, offset: offset + row * ld * 4, size: rows * ld * 4 },
          { buffer: this.counts },
          { buffer: this.doubt },
        ];
        const entries = resources.map((resource, binding) => ({ binding, resource }));
        pass.setBindGroup(0, device.createBindGroup({ layout: layout.group, entries }));
        pass.dispatchWorkgroups(groups);
      }
      pass.end();
      await context.checked(`masks, ${entryPoint}`, () => {
        device.queue.writeBuffer(records, 0, view.buffer);
        device.queue.submit([encoder.finish()]);
      });
    } finally {
      context.pool.release(records);
    }
  }

  /** Whole rows, so many that words and reconstruction fit into a binding; each begins at a multiple of 256 bytes of both. */
  private *pieces(): Generator<{ row: number; rows: number }> {
    const { rows, columns } = this.pair;
    const line = Math.max(this.reconstruction.ld, columns) * 4;
    const step = Math.max(128, Math.floor(this.context.limits.bindingBytes / line / 128) * 128);
    for (let row = 0; row < rows; row += step) yield { row, rows: Math.min(step, rows - row) };
  }
}

function makeLayout(device: GPUDevice): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
  const kinds = [
    'uniform',
    'read-only-storage',
    'read-only-storage',
    'read-only-storage',
    'storage',
    'storage',
  ] as const;
  const group = device.createBindGroupLayout({
    entries: kinds.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } })),
  });
  return { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
}
