// npm test: everything a change must pass, from a fresh clone. Each step without tests of its own counts as one check.
// The last line is "N passed, N failed"; the exit status is 1 when anything failed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies } from './lib/install.mjs';
import { onRecentNode } from './lib/node.mjs';
import { readSummary, secondTryLine } from './lib/report.mjs';
import { ensureSoftwareGpu } from './lib/software-gpu.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const results = join(root, 'test-results');
const count = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const secondTries = [];

/** Runs a Node script of ours or of a dependency; true when it ended well. */
function node(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function step(name, body, started = performance.now()) {
  console.log(`\n=== ${name}`);
  const note = body();
  console.log(`=== ${name}: ${note} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** A step that either works or does not. */
function check(name, body, started = performance.now()) {
  step(
    name,
    () => {
      const ok = body();
      count[ok ? 'passed' : 'failed'] += 1;
      if (!ok) failures.push(name);
      return ok ? 'passed' : 'FAILED';
    },
    started,
  );
}

/**
 * Checks that are one script each, in lanes side by side, since each of them keeps one core busy only. What a script prints comes at its
 * end, in one piece; one that fails does not stop the rest of its lane.
 */
async function checks(...lanes) {
  await Promise.all(
    lanes.map(async (lane) => {
      for (const [name, ...args] of lane) {
        const started = performance.now();
        const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
        const printed = [];
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => printed.push(part));
        const [status] = await once(child, 'close');
        check(
          name,
          () => {
            process.stdout.write(Buffer.concat(printed));
            return status === 0;
          },
          started,
        );
      }
    }),
  );
}

/** A step that runs vitest and counts its tests. */
function suite(name, report, ...command) {
  step(name, () => {
    rmSync(report, { force: true });
    const ok = node(...command);
    let tests = { passed: 0, failed: 0, skipped: 0 };
    try {
      const { failures: failed, secondTries: again, ...counts } = readSummary(report);
      tests = counts;
      failures.push(...failed.map((test) => `${name}: ${test}`));
      secondTries.push(...again.map((test) => `${name}: ${test}`));
    } catch {
      // No report: the run below counts as failed.
    }
    // A file that does not load, a setup that throws or an error outside of any test fails no test of its own; nor may a run of none pass.
    if ((!ok || tests.passed === 0) && tests.failed === 0) {
      tests.failed = 1;
      failures.push(`${name}: the run itself`);
    }
    for (const [kind, number] of Object.entries(tests)) count[kind] += number;
    return `${tests.passed} passed, ${tests.failed} failed`;
  });
}

/** The GPU tests and the VS Code of the integration tests find the adapter through the environment. */
function softwareGpu() {
  try {
    Object.assign(process.env, ensureSoftwareGpu(root).env);
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

await onRecentNode(root);
mkdirSync(results, { recursive: true });
const started = performance.now();
try {
  installDependencies(root);
  await checks(
    [['lint', 'node_modules/eslint/bin/eslint.js', '.', '--max-warnings', '0']],
    [
      ['build', 'scripts/build.mjs'],
      ['types', 'node_modules/typescript/bin/tsc', '-p', '.'],
      ['format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
    ],
  );
  check('software GPU', softwareGpu);
  const unit = join(results, 'unit.json');
  suite(
    'unit',
    unit,
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${unit}`,
  );
  check('package', () => node('scripts/package.mjs', '--target', 'host'));
  const integration = join(results, 'integration.json');
  suite('integration', integration, 'scripts/integration.mjs', '--packaged', `--report=${integration}`);
} catch (error) {
  count.failed += 1;
  failures.push(error.message);
}
console.log(`\nAll of it took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
for (const test of secondTries) console.log(secondTryLine(test));
for (const failure of failures) console.log(`FAILED  ${failure}`);
console.log(`${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`);
process.exitCode = count.failed ? 1 : 0;
