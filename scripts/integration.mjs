// npm run integration [-- vitest's options]: the tests in a real VS Code with a real browser, on the installed VSIX.
// --packaged takes the VSIX that lies in dist/; --report=FILE: where vitest's JSON goes, else test-results/integration.json.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies, run } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { readSummary, secondTryLine } from './lib/report.mjs';
import { ensureSoftwareGpu } from './lib/software-gpu.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
await onRecentNode(root);
installDependencies(root);
const own = /^--(packaged$|report=)/;
const args = process.argv.slice(2);
const report =
  args.find((arg) => arg.startsWith('--report='))?.slice('--report='.length) ??
  join(root, 'test-results', 'integration.json');
if (!args.includes('--packaged')) run(process.execPath, ['scripts/package.mjs', '--target', 'host'], { cwd: root });
// The VS Code under test inherits it; `auto` never takes a software adapter.
Object.assign(process.env, ensureSoftwareGpu(root).env);
const vitest = [
  ...['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.integration.config.ts'],
  ...['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`],
  ...args.filter((arg) => !own.test(arg)),
];
rmSync(report, { force: true });
process.exitCode = spawnSync(process.execPath, vitest, { cwd: root, stdio: 'inherit' }).status ?? 1;
if (existsSync(report)) for (const test of readSummary(report).secondTries) console.log(secondTryLine(test));
