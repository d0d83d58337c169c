// @ts-check
// What a run of vitest came to, from its JSON. Node built-ins only.
import { readFileSync } from 'node:fs';

/**
 * @typedef {{ fullName: string, status: string, failureMessages?: string[] }} Test
 * @typedef {{
 *   numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { name: string, status: string, message?: string, assertionResults: Test[] }[],
 * }} Report
 */

/**
 * How many tests passed, failed and were left out; which failed; and which passed only at their second try, which the config of the
 * integration tests allows.
 * @param {Report} report
 */
export function summary({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
  /** @type {string[]} */
  const failures = [];
  /** @type {string[]} */
  const secondTries = [];
  for (const file of testResults) {
    if (file.status === 'failed' && !file.assertionResults.length) failures.push(`${file.name}: ${file.message}`);
    for (const { fullName, status, failureMessages } of file.assertionResults) {
      if (status === 'failed') failures.push(fullName);
      // vitest keeps what the first try failed with
      else if (status === 'passed' && failureMessages?.length) secondTries.push(fullName);
    }
  }
  return {
    passed: numPassedTests,
    failed: numFailedTests,
    skipped: numPendingTests + numTodoTests,
    failures,
    secondTries,
  };
}

/**
 * Throws if the file is not there or is not such a report.
 * @param {string} path
 */
export const readSummary = (path) => summary(/** @type {Report} */ (JSON.parse(readFileSync(path, 'utf8'))));

/**
 * The line of a test that passed only at its second try.
 * @param {string} name
 */
export const secondTryLine = (name) => `passed at the second try: ${name}`;
