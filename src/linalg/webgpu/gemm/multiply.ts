/** Matrix products on the device, in the form that is the fastest on its adapter. */
import type { GpuContext } from '../context.ts';
import { SHADER_STAGE_COMPUTE, UNIFORM_BUFFER } from '../flags.ts';
import { gemmCode, type GemmForm } from './code.ts';
import { boundBytes, fullProduct, type FullProduct, type GemmProduct, partsOf } from './product.ts';
import { GEMM_VARIANTS, type GemmVariant, possibleVariants, tileColumns, tileRows } from './variants.ts';

/** Bytes of `struct Sizes`, and between two of them: WebGPU's largest minUniformBufferOffsetAlignment. */
const SIZES_BYTES = 32;
const SIZES_STRIDE = 256;

/** The form that products on this context take: the one that was chosen for it (tuning.ts), else one that every device can run. */
export function currentVariant(context: GpuContext): { variant: GemmVariant } {
  return context.shared('product variant', () => {
    const possible = possibleVariants(context.device);
    const variant = possible.find(({ kind }) => kind === 'shared') ?? possible[0] ?? GEMM_VARIANTS[0];
    if (!variant) throw new RangeError('No form of the matrix product fits this device.');
    return { variant };
  });
}

/**
 * The products in turn, each seeing what the ones before have written; all in one submission, which is not waited for. Throws
 * device-lost, and RangeError if shapes do not fit.
 */
export async function multiply(
  context: GpuContext,
  products: readonly GemmProduct[],
  { variant }: { variant: GemmVariant } = currentVariant(context),
): Promise<void> {
  const parts = products.flatMap((product) => partsOf(fullProduct(product), context.limits.bindingBytes));
  if (!parts.length) return;
  const pipelines = await Promise.all(parts.map(async (part) => pipelineOf(context, variant, part)));
  const uniforms = await context.pool.acquire('sizes of products', parts.length * SIZES_STRIDE, UNIFORM_BUFFER);
  try {
    const words = new DataView(new ArrayBuffer(parts.length * SIZES_STRIDE));
    const encoder = context.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const [i, part] of parts.entries()) {
      writeSizes(words, i * SIZES_STRIDE, part);
      pass.setPipeline(pipelines[i] as GPUComputePipeline);
      pass.setBindGroup(0, groupOf(context, part, uniforms, i * SIZES_STRIDE));
      pass.dispatchWorkgroups(Math.ceil(part.n / tileColumns(variant)), Math.ceil(part.m / tileRows(variant)));
    }
    pass.end();
    await context.checked('matrix product', () => {
      context.device.queue.writeBuffer(uniforms, 0, words.buffer);
      context.device.queue.submit([encoder.finish()]);
    });
  } finally {
    context.pool.release(uniforms);
  }
}

function layouts(context: GpuContext): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
  return context.shared('product layout', () => {
    const types = ['uniform', 'read-only-storage', 'read-only-storage', 'storage'] as const;
    const group = context.device.createBindGroupLayout({
      entries: types.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } })),
    });
    return { group, pipeline: context.device.createPipelineLayout({ bindGroupLayouts: [group] }) };
  });
}

async function pipelineOf(
  context: GpuContext,
  variant: GemmVariant,
  { transposeA, transposeB }: GemmForm,
): Promise<GPUComputePipeline> {
  const code = gemmCode(variant, { transposeA, transposeB });
  const label = `product, ${variant.name}`;
  return context.pipeline({ label, code, entryPoint: 'gemm', layout: layouts(context).pipeline });
}

function groupOf(context: GpuContext, { a, b, c }: FullProduct, uniforms: GPUBuffer, offset: number): GPUBindGroup {
  return context.device.createBindGroup({
    layout: layouts(context).group,
    entries: [
      { binding: 0, resource: { buffer: uniforms, offset, size: SIZES_BYTES } },
      ...[a, b, c].map((matrix, i) => ({
        binding: i + 1,
        resource: { buffer: matrix.buffer, offset: matrix.offset, size: boundBytes(matrix) },
      })),
    ],
  });
}

function writeSizes(view: DataView, at: number, { m, n, k, a, b, c, alpha, beta }: FullProduct): void {
  [m, n, k, a.ld / 4, b.ld / 4, c.ld / 4].forEach((value, i) => view.setUint32(at + 4 * i, value, true));
  view.setFloat32(at + 24, alpha, true);
  view.setFloat32(at + 28, beta, true);
}
