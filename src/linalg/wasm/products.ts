/** One matrix times thin ones in float64, as it lies in its own format, or packed in float32 if that holds it exactly. */
import type { Address, Kernels } from './kernels.ts';
import type { Format, Shape } from './source.ts';

/** W [big, q] times a power of two, packed (`packPanels`). */
export interface Panels {
  panels: Address;
  scale: number;
}
/** A thin matrix: its address, and the strides of its rows and columns in elements. */
export interface Thin {
  at: Address;
  rs: number;
  cs: number;
}
/** C [big or q, n], rows `ldc` elements apart, from B. */
type Product = (n: number, B: Thin, C: Address, ldc: number) => void;

/** Products with W [big, q] and its transpose, float64. */
export interface Products {
  /** C = W B, B [q, n] */
  times: Product;
  /** C = W' B, B [big, n] */
  turned: Product;
}

/** `packed`: the panels of this very matrix, if there are some; those of a float64 matrix do not hold it exactly and are not taken. */
export function productsOf(
  kernels: Kernels,
  { q, big, tall, columns }: Shape,
  { matrix, format, packed, work }: { matrix: Address; format: Format; packed: Panels | null; work: Address },
): Products {
  const gemm = format === 2 ? kernels.bdgemm : format === 4 ? kernels.fdgemm : kernels.dgemm;
  const [along, across] = tall ? [columns, 1] : [1, columns];
  return {
    times: (n, B, C, ldc) => {
      if (packed && format !== 8) {
        const { panels, scale } = packed;
        kernels.panelProduct64(panels, big, q, n, 1 / scale, B.at, B.rs, B.cs, C, ldc, work);
        return;
      }
      gemm(big, n, q, 1, matrix, along, across, B.at, B.rs, B.cs, 0, C, ldc, work);
    },
    turned: (n, B, C, ldc) => {
      gemm(q, n, big, 1, matrix, across, along, B.at, B.rs, B.cs, 0, C, ldc, work);
    },
  };
}
