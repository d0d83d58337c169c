/** VS Code's own dialog for a destination. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Workbench } from './workbench.ts';

/** A busy machine takes its time to list a folder. */
const PATIENCE = { timeout: 60_000 };

/** As `nameInWorkspace`, of a file that is not there: what a first try wrote would be asked about. */
export async function saveInWorkspace(workbench: Workbench, name: string, ending?: string): Promise<string> {
  rmSync(join(workbench.workspace, name), { force: true });
  return nameInWorkspace(workbench, name, ending);
}

/** Types the path of `name` in the workspace into the dialog that proposes a name of that ending, and confirms it. Gives the path. */
export async function nameInWorkspace(
  { page, workspace }: Workbench,
  name: string,
  ending = name.slice(name.lastIndexOf('.')),
): Promise<string> {
  const path = join(workspace, name);
  const input = page.locator('.quick-input-widget input');
  await expect.poll(async () => (await input.inputValue()).endsWith(ending), PATIENCE).toBe(true);
  // The dialog writes its own proposal once more when the folder's list has come.
  await expect
    .poll(async () => {
      await input.fill(path);
      await page.waitForTimeout(400);
      return input.inputValue();
    }, PATIENCE)
    .toBe(path);
  await input.press('Enter');
  return path;
}
