/** The reduction's kernels: shader texts, overrides, layout. */
import type { GpuContext } from './context.ts';
import { SHADER_STAGE_COMPUTE } from './flags.ts';
import type { StepKernel } from './steps.ts';
import blocksCode from './wgsl/blocks.wgsl';
import panelCode from './wgsl/panel.wgsl';
import productsCode from './wgsl/products.wgsl';
import stepCode from './wgsl/step.wgsl';

/** The order of `struct Step`. */
export const RECORD_FIELDS = [
  ...(['row0', 'rows', 'col0', 'cols', 'lda', 'ldl', 'ldr', 'pc', 'pr', 'slot', 'pend', 'chunk', 'chunkp'] as const),
  ...(['w0', 'ldw', 'gw', 'ldg', 'x0', 'ldx', 'arow', 'm0', 'tile', 'keep', 'ldk0', 'k1', 'ldk1'] as const),
  ...(['sa', 'sl', 'sr', 'sw', 'st', 'sb'] as const),
] as const;
/** Bytes of one uniform record. */
export const RECORD_SIZE = RECORD_FIELDS.length * 4;
/** Bytes between the records: WebGPU's largest minUniformBufferOffsetAlignment. */
export const RECORD_BYTES = 256;

export type BackKernel = `${'vtm' | 'apply' | 'applyTransposed' | 'back'}${'Left' | 'Right'}`;
export type Kernel = StepKernel | BackKernel;

type File = 'panel' | 'products' | 'blocks';
type Recipe = [File, entryPoint: string, constants?: Record<string, number>];
const RIGHT = { RIGHT: 1 };
const RECIPES: Record<Kernel, Recipe> = {
  pack: ['blocks', 'pack'],
  panelLeft: ['panel', 'panel'],
  vtm: ['products', 'vtm'],
  vtmWide: ['products', 'vtm', { PANELS: 4 }],
  projectLeft: ['products', 'vtm', { PANEL: 1 }],
  solve: ['blocks', 'solve'],
  solveQr: ['blocks', 'solve', { QR: 1 }],
  panelRight: ['panel', 'panel', RIGHT],
  av: ['products', 'av'],
  projectRight: ['products', 'vtm', { PANEL: 1, ...RIGHT }],
  xt: ['blocks', 'xt'],
  update: ['products', 'update'],
  triangle: ['blocks', 'triangle'],
  vtmLeft: ['products', 'vtm', { BACK: 1 }],
  vtmRight: ['products', 'vtm', { BACK: 1, ...RIGHT }],
  applyLeft: ['blocks', 'applyT'],
  applyRight: ['blocks', 'applyT', RIGHT],
  applyTransposedLeft: ['blocks', 'applyT', { TRANSPOSED: 1 }],
  applyTransposedRight: ['blocks', 'applyT', { TRANSPOSED: 1, ...RIGHT }],
  backLeft: ['products', 'update', { BACK: 1 }],
  backRight: ['products', 'update', { BACK: 1, ...RIGHT }],
};

/** `//#unroll q 0 8` ... `//#end`: WGSL has no unrolling, and an array in registers must be indexed by constants. */
function expand(source: string): string {
  return source.replace(
    /^[ \t]*\/\/#unroll (\w+) (\d+) (\d+)\n([\s\S]*?)^[ \t]*\/\/#end\n/gm,
    (_, name: string, from: string, to: string, body: string) => {
      let out = '';
      for (let i = Number(from); i < Number(to); i++) {
        out += body.replaceAll(`$${name}u`, `${i}u`).replaceAll(`$${name}`, `${i}`);
      }
      return out;
    },
  );
}

export function stepLayout(context: GpuContext): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
  return context.shared('reduction layout', () => {
    const group = context.device.createBindGroupLayout({
      entries: [
        {
          ...{ binding: 0, visibility: SHADER_STAGE_COMPUTE },
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: RECORD_SIZE },
        },
        ...[1, 2, 3, 4, 5, 6, 7].map((binding): GPUBindGroupLayoutEntry => ({
          ...{ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type: 'storage' } },
        })),
      ],
    });
    return { group, pipeline: context.device.createPipelineLayout({ bindGroupLayouts: [group] }) };
  });
}

/** Compiles what is not compiled yet, all at once: a software adapter takes seconds. */
export async function stepPipelines<K extends Kernel>(
  context: GpuContext,
  names: readonly K[],
): Promise<Map<Kernel, GPUComputePipeline>> {
  const layout = stepLayout(context).pipeline;
  const code = context.shared('reduction code', () => ({
    panel: stepCode + expand(panelCode),
    products: stepCode + expand(productsCode),
    blocks: stepCode + expand(blocksCode),
  }));
  const made = await Promise.all(
    names.map(async (name): Promise<[Kernel, GPUComputePipeline]> => {
      const [file, entryPoint, constants = {}] = RECIPES[name];
      return [name, await context.pipeline({ label: entryPoint, code: code[file], entryPoint, constants, layout })];
    }),
  );
  return new Map(made);
}
