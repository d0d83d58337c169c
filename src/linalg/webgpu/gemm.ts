/** Products of tall and small matrices on the device. */
import type { GpuContext } from './context.ts';
import { SHADER_STAGE_COMPUTE, UNIFORM_BUFFER } from './flags.ts';
import type { DeviceMatrix } from './matrix.ts';
import gemmCode from './wgsl/gemm.wgsl';

/** C = alpha op(A) op(B) + beta C. */
export interface Product {
  a: DeviceMatrix;
  transposeA?: boolean;
  b: DeviceMatrix;
  transposeB?: boolean;
  c: DeviceMatrix;
  alpha?: number;
  beta?: number;
}

const RECORD_BYTES = 256;
const PRODUCT_BYTES = 32;
const TILE = 64;

/**
 * The products in turn, each seeing what the ones before have written; all in one submission, which is not waited for. Throws
 * device-lost, and RangeError where shapes do not fit.
 */
export async function multiply(context: GpuContext, products: readonly Product[]): Promise<void> {
  if (products.length === 0) return;
  const { device } = context;
  const layout = context.shared('gemm layout', () => makeLayout(device));
  const pipelines = await Promise.all(
    products.map(({ transposeA, transposeB }) =>
      context.pipeline({
        ...{ label: 'gemm', code: gemmCode, entryPoint: 'gemm', layout: layout.pipeline },
        constants: { TA: transposeA ? 1 : 0, TB: transposeB ? 1 : 0 },
      }),
    ),
  );
  const records = await context.pool.acquire('products', products.length * RECORD_BYTES, UNIFORM_BUFFER);
  try {
    const words = new DataView(new ArrayBuffer(products.length * RECORD_BYTES));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const [i, product] of products.entries()) {
      const { a, b, c, alpha = 1, beta = 0 } = product;
      const [m, k] = product.transposeA ? [a.cols, a.rows] : [a.rows, a.cols];
      const [depth, n] = product.transposeB ? [b.cols, b.rows] : [b.rows, b.cols];
      if (depth !== k || c.rows !== m || c.cols !== n)
        throw new RangeError(`gemm: ${m} x ${k} times ${depth} x ${n} into ${c.rows} x ${c.cols}`);
      for (const [field, value] of [m, n, k, a.ld, b.ld, c.ld].entries())
        words.setUint32(i * RECORD_BYTES + field * 4, value, true);
      words.setFloat32(i * RECORD_BYTES + 24, alpha, true);
      words.setFloat32(i * RECORD_BYTES + 28, beta, true);
      const resources = [
        { buffer: records, offset: i * RECORD_BYTES, size: PRODUCT_BYTES },
        ...[a, b, c].map(({ buffer, offset, rows, ld }) => ({ buffer, offset, size: rows * ld * 4 })),
      ];
      pass.setPipeline(pipelines[i] as GPUComputePipeline);
      pass.setBindGroup(
        0,
        device.createBindGroup({
          layout: layout.group,
          entries: resources.map((resource, binding) => ({ binding, resource })),
        }),
      );
      pass.dispatchWorkgroups(Math.ceil(n / TILE), Math.ceil(m / TILE));
    }
    pass.end();
    await context.checked('products', () => {
      device.queue.writeBuffer(records, 0, words.buffer);
      device.queue.submit([encoder.finish()]);
    });
  } finally {
    context.pool.release(records);
  }
}

function makeLayout(device: GPUDevice): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
  const kinds = ['uniform', 'read-only-storage', 'read-only-storage', 'storage'] as const;
  const group = device.createBindGroupLayout({
    entries: kinds.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } })),
  });
  return { group, pipeline: device.createPipelineLayout({ bindGroupLayouts: [group] }) };
}
