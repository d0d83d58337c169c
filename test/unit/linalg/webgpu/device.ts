/** A software WebGPU device for tests: lavapipe 25 or newer, else SwiftShader. No device is a failure, never a skip. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** Everything that must outlive the device: Dawn uses freed memory when the object from create() is collected first. */
export interface TestDevice {
  gpu: GPU;
  adapter: GPUAdapter;
  device: GPUDevice;
  name: string;
}

const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const CHROMIUM_FOLDERS = ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/opt/google/chrome'];

/** ICD files to try, best first. Mesa before 25 is refused by Dawn, so what gives no adapter is passed over. */
export function candidates(): string[] {
  const named = process.env['VK_ICD_FILENAMES'];
  if (named) return [named];
  const lavapipe = ICD_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => /^lvp_icd.*\.json$/.test(file))
      .map((file) => join(folder, file)),
  );
  const swiftshader = CHROMIUM_FOLDERS.map((folder) => join(folder, 'vk_swiftshader_icd.json')).filter((file) =>
    existsSync(file),
  );
  return [...lavapipe, ...swiftshader.map(absolute)];
}

/** Chromium's ICD names its library relative to itself; the loader wants it absolute. */
function absolute(file: string): string {
  const icd = JSON.parse(readFileSync(file, 'utf8')) as { ICD: { library_path: string } };
  icd.ICD.library_path = resolve(dirname(file), icd.ICD.library_path);
  const copy = join(mkdtempSync(join(tmpdir(), 'offaxis-icd-')), 'icd.json');
  writeFileSync(copy, JSON.stringify(icd));
  return copy;
}

/** Dawn reads freed memory when an instance is collected before what came from it, even after `destroy()`: all live as long as the test. */
const instances: GPU[] = ((globalThis as { offaxisTestInstances?: GPU[] }).offaxisTestInstances ??= []);

/** Opens a device with the given limits (WebGPU's defaults else). */
export async function openTestDevice(requiredLimits: Record<string, number> = {}): Promise<TestDevice> {
  // The loader reads the variable when Dawn makes its first instance.
  const tried: string[] = [];
  const { create } = await import('webgpu');
  const before = process.env['VK_ICD_FILENAMES'];
  try {
    for (const icd of candidates()) {
      tried.push(icd);
      process.env['VK_ICD_FILENAMES'] = icd;
      const gpu = create([]);
      instances.push(gpu);
      const adapter = await gpu.requestAdapter();
      if (!adapter) continue;
      const device = await adapter.requestDevice({ requiredLimits });
      return { gpu, adapter, device, name: `${adapter.info.vendor} ${adapter.info.description}` };
    }
  } finally {
    if (before === undefined) delete process.env['VK_ICD_FILENAMES'];
    else process.env['VK_ICD_FILENAMES'] = before;
  }
  throw new Error(
    `No software WebGPU adapter (tried ${tried.join(', ') || 'nothing: no ICD file found'}). ` +
      'On Debian: apt-get install libvulkan1 chromium-common, or mesa-vulkan-drivers 25 or newer from backports.',
  );
}
