/** A software adapter for the tests of this folder: the one that the environment names, or what the machine has. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..', '..', '..');
/** Where findGpu looks: dist/ of the checkout, whether it is built or not. */
export const bundleDirectory = join(root, 'dist');

const ICDS = ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'];

/** The environment with which a process sees a software adapter. */
export function adapterEnvironment(): NodeJS.ProcessEnv {
  const named = process.env['VK_ICD_FILENAMES'] ?? ICDS.find((file) => existsSync(file));
  return named === undefined ? process.env : { ...process.env, VK_ICD_FILENAMES: named };
}
