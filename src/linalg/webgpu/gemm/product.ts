/** What one matrix product is, and how it falls into parts whose matrices each fit into a binding. */
import type { DeviceMatrix } from '../matrix.ts';
import type { GemmForm } from './code.ts';

/**
 * C = alpha op(A) op(B) + beta C in float32, C [m, n]. Matrices as `createMatrix` makes them: padded with zeros
 * to multiples of 32, at offsets that are multiples of 256 bytes. A and B may be the same, C may not be either.
 */
export interface GemmProduct extends Partial<GemmForm> {
  a: DeviceMatrix;
  b: DeviceMatrix;
  c: DeviceMatrix;
  /** 1 when left out */
  alpha?: number;
  /** 0 when left out: what was in C does not matter then, not even NaN */
  beta?: number;
}

/** A product with everything written out; `a` and `b` as they are stored. */
export type FullProduct = Required<GemmProduct> & { m: number; n: number; k: number };

/** Throws RangeError when the shapes do not fit together. */
export function fullProduct(product: GemmProduct): FullProduct {
  const { a, b, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 } = product;
  const [m, k] = transposeA ? [a.cols, a.rows] : [a.rows, a.cols];
  const [k2, n] = transposeB ? [b.cols, b.rows] : [b.rows, b.cols];
  if (k !== k2 || c.rows !== m || c.cols !== n)
    throw new RangeError(`product of ${m} x ${k} and ${k2} x ${n} into ${c.rows} x ${c.cols}`);
  return { a, b, c, transposeA, transposeB, alpha, beta, m, n, k };
}

/** Bytes from a matrix's first to behind its last element. */
export const boundBytes = ({ rows, cols, ld }: DeviceMatrix): number => ((rows - 1) * ld + cols) * 4;

/** Where a part may begin: rows of 32 floats are 128 bytes, a binding begins at a multiple of 256. */
const SPLIT = 64;

/** `count` rows from `first` on, or columns. */
function rowsOf(matrix: DeviceMatrix, first: number, count: number): DeviceMatrix {
  return { ...matrix, offset: matrix.offset + first * matrix.ld * 4, rows: count };
}
function columnsOf(matrix: DeviceMatrix, first: number, count: number): DeviceMatrix {
  return { ...matrix, offset: matrix.offset + first * 4, cols: count };
}

/** The product in parts, in the order in which they have to run. Throws RangeError if 64 rows are already too much. */
export function partsOf(product: FullProduct, bindingBytes: number): FullProduct[] {
  const { a, b, c, transposeA, transposeB, m, n, k } = product;
  if ([a, b, c].every((matrix) => boundBytes(matrix) <= bindingBytes)) return [product];
  // Along the stored rows of what is too large: of A or C those are m (or k), of B k (or n).
  const along =
    boundBytes(a) > bindingBytes
      ? transposeA
        ? 'k'
        : 'm'
      : boundBytes(b) > bindingBytes
        ? transposeB
          ? 'n'
          : 'k'
        : 'm';
  const length = { m, n, k }[along];
  const half = Math.ceil(length / 2 / SPLIT) * SPLIT;
  if (half >= length)
    throw new RangeError(`${SPLIT} rows of a matrix do not fit into a binding of ${bindingBytes} bytes`);
  const pick = (first: number, count: number): FullProduct => {
    const cut = (matrix: DeviceMatrix, stored: 'rows' | 'columns'): DeviceMatrix =>
      (stored === 'rows' ? rowsOf : columnsOf)(matrix, first, count);
    switch (along) {
      case 'm':
        return { ...product, m: count, a: cut(a, transposeA ? 'columns' : 'rows'), c: cut(c, 'rows') };
      case 'n':
        return { ...product, n: count, b: cut(b, transposeB ? 'rows' : 'columns'), c: cut(c, 'columns') };
      case 'k': {
        const beta = first === 0 ? product.beta : 1;
        return {
          ...product,
          k: count,
          a: cut(a, transposeA ? 'rows' : 'columns'),
          b: cut(b, transposeB ? 'columns' : 'rows'),
          beta,
        };
      }
    }
  };
  return [pick(0, half), pick(half, length - half)].flatMap((part) => partsOf(part, bindingBytes));
}
