// npm run mutate [-- Stryker's options]: mutation testing, see stryker.config.mjs.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const stryker = ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', ...process.argv.slice(2)];
process.exitCode = spawnSync(process.execPath, stryker, { cwd: root, stdio: 'inherit' }).status ?? 1;
