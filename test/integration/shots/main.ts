/**
 * Pictures of every view and state in four themes, for looking at. Run by
 * `npm run shots -- DIR [dark] [light] [hc] [hc-light] [inspector] [comparison] [stages] [cases] [several]`; of no theme or no part named: all.
 * `case-NAME` is one of the cases.
 */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { llamaMatrices, writeCheckpoint } from '../support/generate.ts';
import { installExtension } from '../support/install.ts';
import { Workbench, type Theme } from '../support/workbench.ts';
import { caseStates, makeCases } from './cases.ts';
import { comparisonStates, stagesStates } from './comparison.ts';
import { inspectorStates } from './inspector.ts';
import { severalStates } from './several.ts';

const THEMES = new Map<string, Theme>([
  ['dark', 'Default Dark Modern'],
  ['light', 'Default Light Modern'],
  ['hc', 'Default High Contrast'],
  ['hc-light', 'Default High Contrast Light'],
]);

const PARTS = new Map<string, (vscode: Workbench, shoot: Shoot, cases: readonly string[]) => Promise<void>>([
  ['inspector', inspectorStates],
  ['comparison', comparisonStates],
  ['stages', stagesStates],
  ['cases', caseStates],
  ['several', severalStates],
]);

export type Shoot = (name: string) => Promise<void>;

export async function takeShots(root: string, folder: string, wanted: string[]): Promise<void> {
  const installation = installExtension(root, join(root, 'test-results', 'shots'));
  const chosen = <T>(all: ReadonlyMap<string, T>): [string, T][] => {
    const named = [...all].filter(([name]) => wanted.includes(name));
    return named.length ? named : [...all];
  };
  const some = wanted.filter((name) => name.startsWith('case-')).map((name) => name.slice('case-'.length));
  if (some.length) wanted = [...wanted, 'cases'];
  const parts = chosen(PARTS);
  const cases = parts.some(([name]) => name === 'cases')
    ? makeCases(root, join(root, 'test-results', 'shots', 'cases'), some)
    : null;
  for (const [short, theme] of chosen(THEMES)) {
    const vscode = await Workbench.open(installation, {
      theme,
      // a case by itself would share a row with its folder
      settings: { 'explorer.compactFolders': false },
      prepare: (workspace) => {
        cases?.(workspace);
        for (const [step, from] of Object.entries({ 100: 'rl-steps/step-100', 200: 'rl', 300: 'rl-hot' }))
          cpSync(join(workspace, from), join(workspace, 'run', `step-${step}`), { recursive: true });
        cpSync(join(root, 'test', 'fixtures', 'malformed'), join(workspace, 'malformed'), { recursive: true });
        const tensors = llamaMatrices(6, 1024);
        writeCheckpoint(join(workspace, 'large', 'before.safetensors'), tensors, 0);
        writeCheckpoint(join(workspace, 'large', 'after.safetensors'), tensors, 3);
      },
    });
    const shoot: Shoot = async (name) => {
      // Canvases are painted in the next frame, plots after their fonts.
      await vscode.page.waitForTimeout(400);
      await vscode.page.screenshot({ path: join(folder, `${name}-${short}.png`) });
      console.log(`  ${name}-${short}.png`);
    };
    try {
      for (const [, shootAll] of parts) await shootAll(vscode, shoot, some);
    } catch (error) {
      await vscode.page.screenshot({ path: join(folder, `failed-${short}.png`) });
      throw error;
    } finally {
      await vscode.close();
    }
  }
}
