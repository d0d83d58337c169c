/** The compiled kernels (src/kernels) as seen from TypeScript: their signatures, the build to load, and the memory they work in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import v8 from 'node:v8';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';

/** A byte address in the memory. */
export type Address = number;

/** Exports of the module; the contracts stand beside the sources. */
export interface Kernels {
  workBytes(): number;
  sgemm: Gemm;
  dgemm: Gemm;
  bsgemm: Gemm;
  bdgemm: Gemm;
  fdgemm: Gemm;
  gram16: Gram;
  gram32: Gram;
  gram64: Gram;
  gramColumns(): number;
  bandReduceBytes(n: number, b: number): number;
  // prettier-ignore
  bandReduce(A: Address, ld: number, n: number, b: number, VT: Address, ldv: number, tau: Address, S: Address, lds: number, work: Address): void;
  backTransformBytes(n: number, k: number): number;
  backTransform32: BackTransform;
  backTransform64: BackTransform;
  bandToTridiagonal(S: Address, ld: number, n: number, b: number, d: Address, e: Address): void;
  tridiagonalValues(n: number, d: Address, e: Address): number;
  bandVectorsBytes(n: number, b: number): number;
  // prettier-ignore
  bandVectors(S: Address, ld: number, n: number, b: number, lam: Address, k0: number, k1: number, XT: Address, ldx: number, norm: number, cluster: number, work: Address): number;
  bandVectorsFastBytes(n: number, b: number): number;
  // prettier-ignore
  bandVectorsFast(S: Address, ld: number, n: number, b: number, lam: Address, k0: number, k1: number, XT: Address, ldx: number, norm: number, res: Address, work: Address): void;
  absMax(p: Address, n: number): number;
  multiply(x: Address, n: number, scale: number): void;
  f16ToF32(source: Address, target: Address, n: number): void;
  turn32(XT: Address, ldt: number, n: number, k: number, X: Address, ldx: number): void;
  turn64(XT: Address, ldt: number, n: number, k: number, X: Address, ldx: number): void;
  demote(X: Address, ldx: number, n: number, k: number, Y: Address, ldy: number): void;
  scale32(X: Address, ldx: number, n: number, k: number, factors: Address): void;
  scale64(X: Address, ldx: number, n: number, k: number, factors: Address, Y: Address, ldy: number): void;
  sumSquares32(p: Address, n: number): number;
  sumSquares64(p: Address, n: number): number;
  // prettier-ignore
  toRows(format: number, W: Address, K: number, q: number, sk: number, si: number, A: Address, lda: number): void;
  subtract(format: number, a: Address, b: Address, n: number, scale: number, d: Address): number;
  // prettier-ignore
  countClasses(format: number, a: Address, b: Address, mask: Address, n: number, p: number, emin: number, most: number, onGrid: number, classes: number, hist: Address): number;
  // prettier-ignore
  countDigits(format: number, p: Address, n: number, shift: number, above: number, prefix: bigint, hist: Address): void;
  // prettier-ignore
  markBeyond(format: number, p: Address, n: number, threshold: bigint, largest: number, ties: number, flag: number, mask: Address): number;
  collectWithin(p: Address, n: number, low: number, high: number, out: Address, most: number): number;
  bidiagonalBytes(q: number, L: number): number;
  // prettier-ignore
  bidiagonalize(A: Address, q: number, L: number, lda: number, e: Address, work: Address): void;
  jacobiSweep(A: Address, q: number, L: number, lda: number, V: Address, ldv: number): number;
  clearElements(out: Address): void;
  statsAlike(type: number, a: Address, n: number, out: Address): void;
  // prettier-ignore
  compareAlike(type: number, a: Address, b: Address, first: number, n: number, columns: number, eta: number, tolerance: number, rows: Address, cols: Address, out: Address): void;
  // prettier-ignore
  elementCompare(typeA: number, a: Address, typeB: number, b: Address, first: number, n: number, columns: number, p: number, emin: number, most: number, overflow: number, eta: number, tolerance: number, rows: Address, cols: Address, out: Address): void;
  elementHistogram(type: number, a: Address, n: number, low: number, high: number, bins: Address): void;
  flushCounters(cols: Address, total: Address, n: number): void;
  greatestWeight(format: number, p: Address, n: number): number;
  panelRows(M: number): number;
  // prettier-ignore
  packPanels(format: number, W: Address, M: number, K: number, rs: number, cs: number, first: number, last: number, scale: number, out: Address): void;
  gramProductColumns(): number;
  gramProductBytes(K: number): number;
  // prettier-ignore
  gramProduct(panels: Address, M: number, K: number, X: Address, Z: Address, Y: Address, work: Address): void;
  // prettier-ignore
  panelProduct64(panels: Address, M: number, K: number, N: number, alpha: number, B: Address, rsb: number, csb: number, C: Address, ldc: number, work: Address): void;
  noise(seed: bigint, first: bigint, n: number, out: Address): void;
  // prettier-ignore
  addNoise(type: number, a: Address, noise: Address, n: number, t: number, p: number, emin: number, most: number, out: Address): number;
  // prettier-ignore
  compare16(a: Address, b: Address, first: number, n: number, columns: number, eta: number, tolerance: number, rows: Address, cols: Address, single: number, out: Address): void;
}
// prettier-ignore
type Gemm = (M: number, N: number, K: number, alpha: number, A: Address, rsa: number, csa: number, B: Address, rsb: number, csb: number, beta: number, C: Address, ldc: number, work: Address) => void;
// prettier-ignore
type Gram = (W: Address, q: number, sk: number, si: number, G: Address, ldg: number, j0: number, depth: number, work: Address) => void;
// prettier-ignore
type BackTransform = (VT: Address, ldv: number, n: number, b: number, tau: Address, X: Address, ldx: number, k: number, work: Address) => void;

/** (module (func (drop (f32x4.relaxed_madd ...)))): valid if the engine has relaxed SIMD, hence fused multiply-add. */
const RELAXED_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15,
  253, 128, 2, 11,
]);
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(RELAXED_PROBE);
}

/**
 * The build that this engine can run. V8 replaces no WASM function while it runs: a call that starts in the baseline compiler stays
 * there, 3-5 times slower, so every function goes to the optimising compiler when it is first called. Throws bad-file.
 */
export async function compileKernels(directory: string, relaxed: boolean): Promise<WebAssembly.Module> {
  const file = join(directory, relaxed ? 'offaxis_relaxed.wasm' : 'offaxis.wasm');
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new OffaxisError(
      'bad-file',
      say`${file} cannot be read: the installation is incomplete. Install Offaxis again.`,
      {
        cause: error,
      },
    );
  }
  v8.setFlagsFromString('--no-liftoff');
  // the synchronous constructor: an asynchronous compile does not keep the event loop of Node 24 alive, and the process would end under it
  return new WebAssembly.Module(bytes);
}

const PAGE = 65536;
const MOST_PAGES = 65536;

/**
 * One thread's memory and instance. It grows to what a work item needs and stays: memory cannot shrink, and one that was replaced by a
 * smaller one would lie beside it, as V8 counts no shared memory and so does not collect it in time.
 */
export class KernelMemory {
  private memory: WebAssembly.Memory | null = null;
  private instance: Kernels | null = null;

  /**
   * `worked`: called inside the kernels between tiles, with about how many multiply-adds they have done since the last call; it may throw
   * through them, and the task whose matrices lie in the memory is lost then.
   */
  constructor(
    private readonly module: WebAssembly.Module,
    private readonly worked: (multiplyAdds: number) => void = () => undefined,
  ) {}

  /** Instance with at least `bytes` of memory; views made before are to be dropped. Throws `bad-parameter` above 4 GiB. */
  reserve(bytes: number): Kernels {
    const pages = Math.max(16, Math.ceil(bytes / PAGE) + 1);
    if (pages > MOST_PAGES)
      throw new OffaxisError(
        'bad-parameter',
        say`A matrix needs ${(bytes / 2 ** 30).toFixed(1)} GiB of working memory, and one thread can address 4 GiB: leave it out with --tensors.`,
      );
    const held = this.memory ? this.memory.buffer.byteLength / PAGE : 0;
    if (!this.memory || !this.instance) {
      this.memory = new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
      const abort = (): never => {
        throw new Error('a kernel has aborted');
      };
      this.instance = new WebAssembly.Instance(this.module, {
        env: { memory: this.memory, abort, worked: this.worked },
      }).exports as unknown as Kernels;
    } else if (held < pages) this.memory.grow(pages - held);
    return this.instance;
  }
  get buffer(): ArrayBufferLike {
    return this.memory?.buffer ?? new ArrayBuffer(0);
  }
  bytes(at: Address, length: number): Uint8Array {
    return new Uint8Array(this.buffer, at, length);
  }
  f32(at: Address, length: number): Float32Array {
    return new Float32Array(this.buffer, at, length);
  }
  f64(at: Address, length: number): Float64Array {
    return new Float64Array(this.buffer, at, length);
  }
  u32(at: Address, length: number): Uint32Array {
    return new Uint32Array(this.buffer, at, length);
  }
}

/** Addresses one behind the other, 64-byte aligned with a little room between, so that edge tiles spill into nothing. */
export class Layout {
  private next = 4096;
  take(bytes: number): Address {
    const at = this.next;
    this.next = Math.ceil((at + bytes + 128) / 64) * 64;
    return at;
  }
  get end(): number {
    return this.next + PAGE;
  }
  /** Two uses of one region, one after the other: each callback lays itself out from the same start. */
  either(...uses: (() => void)[]): void {
    const start = this.next;
    let end = start;
    for (const use of uses) {
      this.next = start;
      use();
      end = Math.max(end, this.next);
    }
    this.next = end;
  }
}
