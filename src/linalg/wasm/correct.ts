/**
 * Rounds of the refinement whose products with the matrix are float32's: what they add to a vector is so small a part of it that float32's
 * error of that part is nothing. Rayleigh-Ritz over the leading vectors and others, E, to the first order in what couples them: to x of
 * value s^2 comes E' c with (s^2 - E W'W E') c = E W'W x. E are the Ritz vectors beside the leading ones, and residuals.
 */
import type { Address, KernelMemory, Kernels, Layout } from './kernels.ts';
import type { Panels } from './products.ts';
import { jacobi, type Beside } from './ritz.ts';
import type { Shape } from './source.ts';

/**
 * Parts of c above this are not small: the second order, c^2, would come near the error of a billionth that masks of the largest matrices
 * ask for. float32's part is 1e-7 c.
 */
const SMALL = 1e-5;
/** Rounds that there is room for. */
const ROUNDS = 2;

export interface CorrectPlan {
  /** [q, block], [q, block] and [panelRows(big), block], float32: vectors, W'W and W times them */
  block: Address;
  product: Address;
  image32: Address;
  work: Address;
  /** most vectors of E, and those of them that lie beside the leading ones */
  most: number;
  beside: number;
  /** E [most, q], W E' [big, most], and W'W E' [q, most], float64 */
  E: Address;
  image: Address;
  turned: Address;
  /** most x most each, and most x r each */
  H: Address;
  Z: Address;
  C: Address;
  D: Address;
}
export function planCorrect(
  layout: Layout,
  kernels: Kernels,
  { q, big }: Shape,
  { beside, r }: { beside: number; r: number },
): CorrectPlan {
  const columns = kernels.gramProductColumns();
  const most = beside + ROUNDS * r;
  const single = (values: number): Address => layout.take(values * 4);
  const double = (values: number): Address => layout.take(values * 8);
  return {
    block: single(q * columns),
    product: single(q * columns),
    image32: single(kernels.panelRows(big) * columns),
    work: layout.take(kernels.gramProductBytes(q)),
    ...{ most, beside },
    E: double(most * q),
    image: double(big * most),
    turned: double(q * most),
    H: double(most * (most + 1)),
    Z: double(most * (most + 1)),
    C: double(most * r),
    D: double(most * r),
  };
}

/** What is corrected: X [q, r], Y = W X [big, r] and G = W'Y [q, r], float64, row-major. */
export interface Corrected {
  shape: Shape;
  packed: Panels;
  r: number;
  X: Address;
  Y: Address;
  G: Address;
  work: Address;
}

export class Correction {
  /** vectors of E */
  private held: number;
  /** what came of the vectors beside the leading ones: W'W times them is known but for their residuals */
  private readonly ofBeside: Float64Array;

  constructor(
    private readonly memory: KernelMemory,
    private readonly kernels: Kernels,
    private readonly plan: CorrectPlan,
    private readonly target: Corrected,
    private readonly checkCancelled: () => void,
  ) {
    this.held = plan.beside;
    this.ofBeside = new Float64Array(target.r);
  }

  /** Where `ritz` leaves the vectors beside the leading ones. */
  get beside(): Beside {
    const { beside: n, E: at, image, most } = this.plan;
    return { n, at, image: { at: image, stride: most } };
  }

  /**
   * Widens E by n rows at `rows`, orthonormal and orthogonal to all before, and corrects by it. `values`: s of the leading vectors, and s^2
   * of those beside them. Returns the sum of abs(c) of the latter for each leading one, over all rounds; or null, with nothing changed, if what comes to a
   * vector is not small, W'W E' reaches up to its value, or there is no room. Throws cancelled.
   */
  by(
    rows: Address,
    n: number,
    { values, beside }: { values: Float64Array; beside: Float64Array },
  ): Float64Array | null {
    const { memory, kernels, plan, target, checkCancelled } = this;
    const { E, image, turned, most, H, Z, C, D } = plan;
    const { shape, r, X, Y, G, work } = target;
    const { q, big } = shape;
    const first = this.held;
    const held = first + n;
    if (held > most) return null;
    if (first === plan.beside) this.turnBeside(beside);
    memory.f64(E + first * q * 8, n * q).set(memory.f64(rows, n * q));
    for (let from = first; from < held; from += kernels.gramProductColumns()) this.multiply(from, held);
    this.held = held;
    const ld = held + (held & 1);
    kernels.dgemm(held, held, big, 1, image, 1, most, image, most, 1, 0, H, ld, work);
    const among = jacobi(memory, kernels, { H, Z, n: held, ld });
    // E (W'W - s^2) x: what earlier rounds have added to x lies in E
    kernels.dgemm(held, r, q, 1, E, q, 1, G, r, 1, 0, C, r, work);
    kernels.dgemm(held, r, q, 1, E, q, 1, X, r, 1, 0, D, r, work);
    checkCancelled();
    const [c, parts] = [memory.f64(C, held * r), memory.f64(D, held * r)];
    for (let at = 0; at < c.length; at++)
      c[at] = (c[at] as number) - (values[at % r] as number) ** 2 * (parts[at] as number);
    kernels.dgemm(held, r, held, 1, Z, ld, 1, C, r, 1, 0, D, r, work);
    for (let at = 0; at < parts.length; at++) {
      const distance = (values[at % r] as number) ** 2 - (among.values[Math.floor(at / r)] as number);
      if (!(distance > 0)) return null;
      parts[at] = (parts[at] as number) / distance;
    }
    kernels.dgemm(held, r, held, 1, Z, 1, ld, D, r, 1, 0, C, r, work);
    if (!c.every((part) => Math.abs(part) <= SMALL)) return null;
    kernels.dgemm(q, r, held, 1, E, 1, q, C, r, 1, 1, X, r, work);
    kernels.dgemm(big, r, held, 1, image, most, 1, C, r, 1, 1, Y, r, work);
    kernels.dgemm(q, r, held, 1, turned, most, 1, C, r, 1, 1, G, r, work);
    checkCancelled();
    for (let at = 0; at < plan.beside * r; at++)
      this.ofBeside[at % r] = (this.ofBeside[at % r] as number) + Math.abs(c[at] as number);
    return this.ofBeside;
  }

  /** W'W times the vectors beside the leading ones, but for their residuals, which are not known. */
  private turnBeside(values: Float64Array): void {
    const { memory, plan, target } = this;
    const { E, most, turned, beside } = plan;
    const { q } = target.shape;
    const to = memory.f64(turned, q * most);
    for (let k = 0; k < beside; k++) {
      const row = memory.f64(E + k * q * 8, q);
      for (let j = 0; j < q; j++) to[j * most + k] = (values[k] as number) * (row[j] as number);
    }
  }
  /** W and W'W times a block of E's vectors. */
  private multiply(first: number, held: number): void {
    const { memory, kernels, plan, target } = this;
    const { E, most } = plan;
    const { packed, shape } = target;
    const { q, big } = shape;
    const columns = kernels.gramProductColumns();
    const count = Math.min(columns, held - first);
    const block = memory.f32(plan.block, q * columns).fill(0);
    for (let k = 0; k < count; k++) {
      const row = memory.f64(E + (first + k) * q * 8, q);
      for (let j = 0; j < q; j++) block[j * columns + k] = row[j] as number;
    }
    kernels.gramProduct(packed.panels, big, q, plan.block, plan.product, plan.image32, plan.work);
    this.checkCancelled();
    const spread = (from: Float32Array, to: Float64Array, factor: number): void => {
      for (let i = 0, at = first; i < from.length; i += columns, at += most)
        for (let k = 0; k < count; k++) to[at + k] = (from[i + k] as number) * factor;
    };
    spread(memory.f32(plan.product, q * columns), memory.f64(plan.turned, q * most), packed.scale ** -2);
    spread(memory.f32(plan.image32, big * columns), memory.f64(plan.image, big * most), 1 / packed.scale);
  }
}
