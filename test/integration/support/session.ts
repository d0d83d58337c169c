/**
 * A window of VS Code for a test file, and a screenshot of what a failed test left. Before its second try quick picks, menus and messages
 * that the first left are closed; editors, files and pressed buttons are the test's own, as tests of a file go on from one another.
 */
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest';
import type { Installation } from './install.ts';
import { Workbench, type WorkbenchOptions } from './workbench.ts';

/** Registers the hooks; the window, as new, is there from the first test on. `within`: what its installation has besides ours. */
export function session(
  options: WorkbenchOptions = {},
  within: (installation: Installation) => Installation = (installation) => installation,
): { workbench: () => Workbench; root: string } {
  let open: Workbench | undefined;
  beforeAll(async () => {
    const installation = inject('installation');
    const own = within(installation);
    // extensions, environment and trust are those of a server
    const needsOwn = own !== installation || options.env !== undefined || options.restricted;
    const worker = Number(process.env['VITEST_POOL_ID']) - 1;
    open = await Workbench.open(own, options, needsOwn ? undefined : installation.servers[worker]);
  });
  beforeEach(async ({ task }) => {
    if (task.result?.retryCount) await open?.clear();
  });
  afterEach(async ({ task: { name, result } }) => {
    if (result?.state !== 'fail' || !open) return;
    console.log(`  see ${await open.screenshot(`failed ${result.retryCount ? 'again ' : ''}${name}`)}`);
  });
  afterAll(async () => {
    await open?.close();
  });
  return {
    root: inject('installation').root,
    workbench: () => {
      if (!open) throw new Error('VS Code did not start');
      return open;
    },
  };
}
