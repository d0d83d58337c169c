/** The reduction's kernels: shader texts, overrides, layout. */
import type { GpuContext } from './context.ts';
import { SHADER_STAGE_COMPUTE } from './flags.ts';
import type { StepKernel } from './steps.ts';
import panelCode from './wgsl/panel.wgsl';
import stepCode from './wgsl/step.wgsl';
import trailingCode from './wgsl/trailing.wgsl';

/** Bytes of one uniform record, `struct Step`. */
export const RECORD_SIZE = 96;
/** Bytes between the records: WebGPU's largest minUniformBufferOffsetAlignment. */
export const RECORD_BYTES = 256;

export type BackKernel = `${'vtc' | 'apply' | 'applyTransposed' | 'back'}${'Left' | 'Right'}`;
export type Kernel = StepKernel | BackKernel;

type Recipe = ['panel' | 'trailing', entryPoint: string, constants?: Record<string, number>];
const RECIPES: Record<Kernel, Recipe> = {
  pack: ['trailing', 'pack'],
  panelLeft: ['panel', 'panel'],
  vtc: ['trailing', 'vtc'],
  rowPanel: ['trailing', 'rowPanel'],
  panelRight: ['panel', 'panel', { RIGHT: 1 }],
  av: ['trailing', 'av'],
  xt: ['trailing', 'xt'],
  update: ['trailing', 'update'],
  vtcLeft: ['trailing', 'vtc'],
  vtcRight: ['trailing', 'vtc', { RIGHT: 1 }],
  applyLeft: ['trailing', 'applyT'],
  applyRight: ['trailing', 'applyT', { RIGHT: 1 }],
  applyTransposedLeft: ['trailing', 'applyT', { TRANSPOSED: 1 }],
  applyTransposedRight: ['trailing', 'applyT', { TRANSPOSED: 1, RIGHT: 1 }],
  backLeft: ['trailing', 'update', { BACK: 1 }],
  backRight: ['trailing', 'update', { BACK: 1, RIGHT: 1 }],
};

/** `//#unroll q 0 8` ... `//#end`: WGSL has no unrolling, and an array in registers must be indexed by constants. */
export function expand(source: string): string {
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
    trailing: stepCode + expand(trailingCode),
  }));
  const made = await Promise.all(
    names.map(async (name): Promise<[Kernel, GPUComputePipeline]> => {
      const [file, entryPoint, constants = {}] = RECIPES[name];
      return [name, await context.pipeline({ label: entryPoint, code: code[file], entryPoint, constants, layout })];
    }),
  );
  return new Map(made);
}
