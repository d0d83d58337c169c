/** What an adapter says of itself, and whether it is a GPU at all. */
import type { AdapterFacts } from '../../protocol/gpu.ts';

/** Renderers that run on the CPU: Chromium's, Mesa's two, Windows' two. Dawn's own flag does not know all of them. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|basic render/i;

export function isSoftware(info: GPUAdapterInfo): boolean {
  return (
    info.isFallbackAdapter || SOFTWARE.test(`${info.vendor} ${info.architecture} ${info.device} ${info.description}`)
  );
}

/** What the limits of a device are asked by; a limit that is not named keeps WebGPU's default. */
const NAMED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupsPerDimension',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** What the kernels make use of if it is there. */
export const USED_FEATURES: readonly GPUFeatureName[] = ['timestamp-query', 'shader-f16', 'subgroups'];

/** The adapter's own values of the named limits. */
export function namedLimits(limits: GPUSupportedLimits): Record<string, number> {
  return Object.fromEntries(NAMED_LIMITS.map((name) => [name, limits[name]]));
}

export function adapterFacts(adapter: GPUAdapter): AdapterFacts {
  const { info, limits, features } = adapter;
  const { vendor, architecture, device, description } = info;
  return {
    name: adapterName(info),
    kind: isSoftware(info) ? 'software' : 'hardware',
    vendor,
    architecture,
    device,
    driver: description,
    features: [...features].sort(),
    limits: { ...namedLimits(limits), minStorageBufferOffsetAlignment: limits.minStorageBufferOffsetAlignment },
  };
}

/** Marks and abbreviations that are written in capitals. */
const CAPITALS = new Set(['nvidia', 'amd', 'rtx', 'gtx', 'rx', 'xt', 'xtx', 'uhd', 'hd', 'gpu', 'pcie', 'sxm']);

/**
 * For people. Dawn gives the device as a slug ("nvidia-geforce-rtx-4090") and, as the description, the driver's own text; for a
 * software renderer that text says more.
 */
export function adapterName(info: GPUAdapterInfo): string {
  const { vendor, device, description, architecture } = info;
  const driver = description.replace(/\s+0\.0\.\d+$/, '').trim();
  if (driver && isSoftware(info)) return driver;
  const slug = (device || driver || [vendor, architecture].filter(Boolean).join('-')).replace(/[-\s]+/g, ' ').trim();
  const words = slug.split(' ').map((word) => (CAPITALS.has(word) ? word.toUpperCase() : capitalized(word)));
  return words.join(' ') || 'Unnamed adapter';
}
function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
