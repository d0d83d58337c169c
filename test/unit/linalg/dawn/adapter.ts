/** A software adapter for tests that start Dawn by themselves or in another process. */
import { join } from 'node:path';
import { candidates } from '../webgpu/device.ts';

export const root = join(import.meta.dirname, '..', '..', '..', '..');
/** Where findGpu looks: dist/ of the checkout, whether it is built or not. */
export const bundleDirectory = join(root, 'dist');

/** The environment with which a process sees a software adapter. */
export function adapterEnvironment(): NodeJS.ProcessEnv {
  const [icd] = candidates();
  return icd === undefined ? process.env : { ...process.env, VK_ICD_FILENAMES: icd };
}
