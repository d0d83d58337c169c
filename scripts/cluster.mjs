// npm run test:cluster [-- slurm | ray | kubernetes]: the jobs that `offaxis cluster` prints, under a real Slurm, a real Ray, and by the
// environment of an Indexed Job. By hand only: it installs Slurm (Debian, as root) and Ray (from PyPI), on Linux.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePython, ensureSlurm } from './lib/cluster-tools.mjs';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
const KINDS = ['slurm', 'ray', 'kubernetes'];
const chosen = process.argv.slice(2);
const unknown = chosen.find((kind) => !KINDS.includes(kind));
if (unknown !== undefined) {
  console.error(`test:cluster: the schedulers are ${KINDS.join(', ')}, not "${unknown}"`);
  process.exit(2);
}
const kinds = chosen.length ? chosen : KINDS;
try {
  if (process.platform !== 'linux') throw new Error('The tests of clusters need Linux: processes are found in /proc.');
  installDependencies(root);
  // The tasks run the built command line, and it must be of these sources.
  run(process.execPath, ['scripts/build.mjs'], { cwd: root });
  if (kinds.includes('slurm')) ensureSlurm();
  if (kinds.some((kind) => kind !== 'slurm')) process.env.OFFAXIS_CLUSTER_PYTHON = ensurePython(root);
} catch (error) {
  console.error(error.message);
  process.exit(2);
}
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.cluster.config.ts', '--reporter=verbose'];
const files = kinds.map((kind) => `test/cluster/${kind}.test.ts`);
process.exitCode = spawnSync(process.execPath, [...vitest, ...files], { cwd: root, stdio: 'inherit' }).status ?? 1;
