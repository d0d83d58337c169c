/**
 * The forms of the matrix product that are tried on an adapter. A thread computes `threadRows` x `threadColumns` of C in registers.
 * `direct` reads A and B through the cache only: best if workgroup memory is ordinary memory (software adapters, some integrated
 * GPUs). `shared` brings tiles of A and B into workgroup memory, `depth` deep: best if the cache is slow against the arithmetic.
 */
export interface GemmVariant {
  name: string;
  kind: 'direct' | 'shared';
  /** threads in a workgroup, along columns and along rows */
  x: number;
  y: number;
  threadRows: number;
  threadColumns: number;
  /** of a tile in workgroup memory; 0 for direct */
  depth: number;
}

export const direct = (threadRows: number, threadColumns: number, x: number, y: number): GemmVariant => ({
  name: `direct ${threadRows}x${threadColumns}, ${x}x${y} threads`,
  ...{ kind: 'direct', threadRows, threadColumns, x, y, depth: 0 },
});
export const shared = (
  threadRows: number,
  threadColumns: number,
  x: number,
  y: number,
  depth: number,
): GemmVariant => ({
  name: `shared ${threadRows}x${threadColumns}, ${x}x${y} threads, ${depth} deep`,
  ...{ kind: 'shared', threadRows, threadColumns, x, y, depth },
});

/**
 * All that the tuning run chooses from: the best of some forty that were timed by hand, two or three for each kind of adapter (lavapipe:
 * small blocks and many threads; SwiftShader: large blocks). Thread blocks divide 32, so that padded matrices need no guard inside one.
 */
export const GEMM_VARIANTS: readonly GemmVariant[] = [
  direct(4, 4, 16, 16),
  direct(4, 4, 16, 4),
  direct(8, 8, 8, 8),
  shared(4, 4, 16, 16, 16),
  shared(8, 8, 8, 8, 16),
  shared(8, 8, 16, 16, 16),
];

export const tileRows = ({ y, threadRows }: GemmVariant): number => y * threadRows;
export const tileColumns = ({ x, threadColumns }: GemmVariant): number => x * threadColumns;

/** Bytes of workgroup memory. */
function workgroupBytes(variant: GemmVariant): number {
  return (tileRows(variant) + tileColumns(variant)) * variant.depth * 4;
}

/** Those that the device's limits allow. */
export function possibleVariants({ limits }: GPUDevice, all: readonly GemmVariant[] = GEMM_VARIANTS): GemmVariant[] {
  return all.filter(
    (variant) =>
      variant.x * variant.y <= limits.maxComputeInvocationsPerWorkgroup &&
      workgroupBytes(variant) <= limits.maxComputeWorkgroupStorageSize,
  );
}
