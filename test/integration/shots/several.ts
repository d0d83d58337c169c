import { SeveralPage } from '../support/several.ts';
import type { Workbench } from '../support/workbench.ts';
import type { Shoot } from './main.ts';
import { SIZES } from './sizes.ts';

const MODEL = 'model.safetensors';

/** Three runs of one base, and the steps of one run, each question of both in four sizes. */
export async function severalStates(vscode: Workbench, shoot: Shoot): Promise<void> {
  await vscode.page.setViewportSize({ width: 1440, height: 900 });
  await vscode.runCommand('View: Show Explorer');
  await vscode.runCommand('Collapse Folders in Explorer');
  await vscode.selectAsBase('base', MODEL);
  const runs = ['rl', 'rl-hot', 'sft'];
  const select = async (): Promise<void> => {
    await vscode.row('base').click({ modifiers: ['ControlOrMeta'] });
    for (const name of runs) await vscode.row(name).click({ modifiers: ['ControlOrMeta'] });
    await vscode.chooseFromMenu(vscode.row('sft'), 'Compare Several Checkpoints');
  };
  await vscode.runCommand('Collapse Folders in Explorer');
  await select();
  await questions('runs');
  await vscode.runCommand('View: Close All Editors');
  await vscode.runCommand('View: Show Explorer');
  await vscode.choose(
    async () => vscode.chooseFromMenu(await vscode.reveal('run'), 'Compare Steps of a Training Run...'),
    { placeholder: /^The base/, row: `base/${MODEL}` },
  );
  await questions('steps');

  async function questions(kind: string): Promise<void> {
    const page = new SeveralPage(vscode);
    await page.complete(300_000);
    await vscode.runCommand('View: Close Primary Side Bar');
    const tabs = page.document.getByRole('tab');
    for (let i = 0; i < (await tabs.count()); i++) {
      await vscode.page.setViewportSize({ width: 1440, height: 900 });
      await tabs.nth(i).click();
      for (const [suffix, width, height] of i === 0 ? SIZES : SIZES.slice(0, 2)) {
        await vscode.page.setViewportSize({ width, height });
        await shoot(`${kind}-${i + 1}${suffix}`);
      }
    }
    await vscode.page.setViewportSize({ width: 1440, height: 900 });
  }
}
