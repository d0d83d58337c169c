/** Where the elements of a matrix lie in a tensor: in the header's terms, for reading it and for a patch file. */

/**
 * Element (i, j) lies at start + i * rowStride + j * columnStride, in elements. With `rowBlock` (query, key and value interleaved per head)
 * row i lies at start + floor(i / size) * stride + (i mod size) * rowStride; `inner` divides the rows of such a run once more in the same
 * way.
 */
export interface StridedView {
  rows: number;
  columns: number;
  start: number;
  rowStride: number;
  columnStride: number;
  rowBlock?: { size: number; stride: number; inner?: { size: number; stride: number } };
}
