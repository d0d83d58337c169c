// @ts-check
// A real Slurm and a real Ray for `npm run test:cluster`. Node built-ins only.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installDebian } from './debian.mjs';
import { run } from './install.mjs';
import { toolsFolder } from './tools.mjs';

/** Ray, and what reads YAML and knows Kubernetes' own schemas, of all its versions of late. */
const PYTHON_PACKAGES = ['ray==2.60.0', 'kubernetes-validate==1.37.0'];
const SLURM = ['munged', 'slurmctld', 'slurmd', 'sbatch'];
const SLURM_PACKAGES = ['slurm-wlm', 'munge'];

/** Slurm's programs on this machine: installs Debian's if we are root and they are missing; else names the command and throws. */
export function ensureSlurm() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const missing = () => SLURM.filter((name) => !folders.some((folder) => existsSync(join(folder, name))));
  if (missing().length) installDebian(SLURM_PACKAGES, 'The tests of clusters need Slurm');
  if (missing().length) throw new Error(`Slurm was installed, but ${missing().join(', ')} can't be found.`);
}

/**
 * A Python with these packages, in an environment of its own in the folder of the tools (400 MB). `OFFAXIS_PYTHON` names the Python that
 * it is made with.
 * @param {string} root
 * @returns {string} path of the program
 */
export function ensurePython(root) {
  const folder = join(toolsFolder(root), 'cluster-python');
  const python = join(folder, 'bin', 'python');
  const stamp = join(folder, 'installed');
  const wanted = `${PYTHON_PACKAGES.join(' ')}\n`;
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  console.log(`Installing ${PYTHON_PACKAGES.join(' and ')} into ${folder}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(process.env.OFFAXIS_PYTHON || 'python3', ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...PYTHON_PACKAGES]);
  writeFileSync(stamp, wanted);
  return python;
}
