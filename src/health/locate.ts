/** Where the first NaN, infinity and fp16 overflow of a tensor lie: a second look at the few tensors that have any. */
import { decodeCodes, type MatrixType } from '../numbers/index.ts';
import { FP16_OVERFLOW } from './rules.ts';

export class Locator {
  /** row-major numbers; -1 if there is none */
  private nan = -1;
  private infinite = -1;
  private overflow = -1;
  overflows = 0;

  constructor(
    private readonly type: MatrixType,
    private readonly shape: readonly number[],
  ) {}

  /** Storage codes in order; `first` is the row-major number of the first one. */
  add(first: number, data: Uint8Array): void {
    const values = decodeCodes(this.type, data);
    for (let i = 0; i < values.length; i++) {
      const size = Math.abs(values[i] as number);
      if (size < FP16_OVERFLOW) continue;
      if (Number.isNaN(size)) {
        if (this.nan < 0) this.nan = first + i;
      } else if (size === Infinity) {
        if (this.infinite < 0) this.infinite = first + i;
      } else {
        if (this.overflow < 0) this.overflow = first + i;
        this.overflows++;
      }
    }
  }

  get firstNaN(): number[] | null {
    return this.index(this.nan);
  }
  get firstInfinite(): number[] | null {
    return this.index(this.infinite);
  }
  get firstOverflow(): number[] | null {
    return this.index(this.overflow);
  }

  private index(flat: number): number[] | null {
    if (flat < 0) return null;
    let rest = flat;
    const places = [...this.shape].reverse().map((side) => {
      const place = rest % side;
      rest = Math.floor(rest / side);
      return place;
    });
    return places.reverse();
  }
}
