/** What `npm test` says of a run, from the JSON that vitest itself wrote. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSummary } from '../../../scripts/lib/report.mjs';

const root = join(import.meta.dirname, '../../..');
const results = join(root, 'test-results');
mkdirSync(results, { recursive: true });
// inside of the project, so that vitest is found
const folder = mkdtempSync(join(results, 'report-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a test that passes only at its second try is named, beside those that pass and fail', () => {
  writeFileSync(
    join(folder, 'tries.test.js'),
    `import { expect, test } from 'vitest';
     let tries = 0;
     test('at once', () => expect(1).toBe(1));
     test('at the second try', () => expect(++tries).toBe(2));
     test('never', () => expect(1).toBe(2));
     test.skip('left out', () => undefined);`,
  );
  writeFileSync(join(folder, 'broken.test.js'), 'throw new Error("does not load");');
  const report = join(folder, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  writeFileSync(join(folder, 'vitest.config.js'), 'export default { test: { retry: 1 } };');
  const run = spawnSync(process.execPath, [vitest, 'run', '--reporter=json', `--outputFile.json=${report}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(run.status, run.stderr).toBe(1);
  const { failures, ...summary } = readSummary(report);
  expect(summary).toEqual({ passed: 2, failed: 1, skipped: 1, secondTries: ['at the second try'] });
  expect(failures).toHaveLength(2);
  expect(failures).toContain('never');
  expect(failures.join()).toMatch(/broken\.test\.js: .*does not load/);
});
