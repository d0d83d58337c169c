import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PAIR_NAMES, writePair } from '../../unit/casePairs.ts';
import { ComparisonPage } from '../support/comparison.ts';
import type { Workbench } from '../support/workbench.ts';
import type { Shoot } from './main.ts';
import { SIZES } from './sizes.ts';

const FOLDER = 'cases';

const isWanted = (name: string, wanted: readonly string[]): boolean => !wanted.length || wanted.includes(name);

/** Pairs that differ in one way each, made once for all themes. `wanted`: names of cases; all if there is none. */
export function makeCases(root: string, folder: string, wanted: readonly string[]): (workspace: string) => void {
  mkdirSync(folder, { recursive: true });
  for (const name of PAIR_NAMES)
    if (isWanted(name, wanted)) writePair(name, join(root, 'media', 'samples'), join(folder, name), 'whole');
  return (workspace) => cpSync(folder, join(workspace, FOLDER), { recursive: true });
}

const FILE = 'model.safetensors';
type Path = readonly [string, ...string[]];
/** The made pairs, and those of the sample family. */
const PAIRS: readonly (readonly [name: string, base: Path, tuned: Path])[] = [
  ...PAIR_NAMES.map((name): [string, Path, Path] => [
    name,
    [FOLDER, name, 'base', FILE],
    [FOLDER, name, 'tuned', FILE],
  ]),
  ['rl', ['base', FILE], ['rl', FILE]],
  ['sft', ['base', FILE], ['sft', FILE]],
  ['lora', ['base', FILE], ['rl-lora', 'adapter_model.safetensors']],
];

/** The page of every pair, with its answer, in four sizes. */
export async function caseStates(vscode: Workbench, shoot: Shoot, wanted: readonly string[]): Promise<void> {
  for (const [name, base, tunedPath] of PAIRS) {
    if (!isWanted(name, wanted)) continue;
    // the explorer draws the rows in view alone, and every case opens three folders
    await vscode.page.setViewportSize({ width: 1440, height: 2400 });
    await vscode.runCommand('Collapse Folders in Explorer');
    await vscode.selectAsBase(...base);
    const tuned = await vscode.reveal(...tunedPath);
    await vscode.chooseFromMenu(tuned, 'Compare with Base');
    const page = new ComparisonPage(vscode);
    await page.document
      .locator('body[data-phase="planned"], body[data-phase="running"], body[data-phase="done"]')
      .waitFor();
    if (await page.action('start').isVisible()) await page.action('start').click();
    await page.phase('done', 300_000);
    await vscode.runCommand('View: Close Primary Side Bar');
    for (const [suffix, width, height] of SIZES) {
      await vscode.page.setViewportSize({ width, height });
      await shoot(`case-${name}${suffix}`);
    }
    await vscode.page.setViewportSize({ width: 1440, height: 900 });
    await vscode.runCommand('View: Close All Editors');
    await vscode.runCommand('View: Show Explorer');
  }
}
