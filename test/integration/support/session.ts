/** One VS Code for a test file, a screenshot of what a failed test left. */
import { afterAll, afterEach, beforeAll, inject } from 'vitest';
import { Workbench, type WorkbenchOptions } from './workbench.ts';

/** Registers the hooks; the VS Code is there from the first test on. */
export function session(options: WorkbenchOptions = {}): { workbench: () => Workbench; root: string } {
  let open: Workbench | undefined;
  beforeAll(async () => {
    open = await Workbench.open(inject('installation'), options);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail' && open) console.log(`  see ${await open.screenshot(`failed ${task.name}`)}`);
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
