import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/index.ts';
import { decodeFloats } from '../../src/numbers/index.ts';
import { ComparisonPage } from './support/comparison.ts';
import { InspectorPage } from './support/inspector.ts';
import { session } from './support/session.ts';
import { turn } from './support/turn.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const WEIGHT = 'model.layers.0.self_attn.q_proj.weight';
const CODES = 'model.layers.0.self_attn.q_proj.qweight';

const { workbench } = session({
  prepare: (workspace) => {
    for (const [from, to] of [
      ['quantised/gptq/model.safetensors', 'gptq/model.safetensors'],
      ['quantised/gptq/config.json', 'gptq/config.json'],
      ['cases/fp8-scales-ignored/bf16-vs-fp8-block/base', 'fp8-base'],
      ['cases/fp8-scales-ignored/bf16-vs-fp8-block/tuned', 'fp8-tuned'],
    ] as const) {
      const target = join(workspace, to);
      mkdirSync(join(target, '..'), { recursive: true });
      cpSync(join(FIXTURES, from), target, { recursive: true });
    }
  },
});

/** The first number of a tensor of the fixture, read here: packed codes as a signed word. */
async function firstOf(path: string, tensor: string): Promise<number> {
  const opened = await openCheckpoint(path);
  try {
    const row = opened.tensors.get(tensor);
    if (!row) throw new Error(`${tensor} is missing`);
    const bytes = new Uint8Array(row.sizeBytes);
    await opened.read(row, 0, bytes);
    return row.dtype === 'I32' || tensor.endsWith('qweight')
      ? new DataView(bytes.buffer).getInt32(0, true)
      : (decodeFloats(row.dtype, bytes)[0] ?? NaN);
  } finally {
    await opened.close();
  }
}

test('a weight of GPTQ opens with its values; "Codes" shows the words that the file holds', async () => {
  const page = new InspectorPage(workbench());
  await workbench().openFromExplorer('gptq', 'model.safetensors');
  await page.document.locator('main[data-view="tensors"]').waitFor();
  const shown = page.document.locator('[data-at="0,0"]');
  const first = async (): Promise<number> =>
    Number((await shown.getAttribute('title'))?.split(', ')[1]?.split('  ')[1]);
  await page.open(CODES);
  await page.document.locator('[data-tab="values"]').click();
  await page.document.getByRole('grid', { name: /^Values/ }).waitFor();
  await turn(page.action('codes'), false);
  const value = await firstOf(join(FIXTURES, 'quantised', 'gptq', 'twin.safetensors'), WEIGHT);
  await expect.poll(async () => Math.abs((await first()) - value)).toBeLessThan(1e-6);
  await page.action('codes').click();
  await expect.poll(() => page.action('codes').getAttribute('aria-pressed')).toBe('true');
  const word = await firstOf(join(FIXTURES, 'quantised', 'gptq', 'model.safetensors'), CODES);
  await expect.poll(first).toBe(word);
  await page.action('codes').click();
  await expect.poll(async () => Math.abs((await first()) - value)).toBeLessThan(1e-6);
});

test('a model beside its own quantisation: what it lost in dB, and that the difference is rounding', async () => {
  const vscode = workbench();
  await vscode.selectAsBase('fp8-base', 'model.safetensors');
  await vscode.chooseFromMenu(await vscode.reveal('fp8-tuned', 'model.safetensors'), 'Compare with Base');
  const page = new ComparisonPage(vscode);
  await page.complete(14);
  const banner = page.document.locator('[data-fact="quantisation"]');
  await banner.waitFor();
  await expect
    .poll(() => banner.innerText())
    .toMatch(
      /quantised \(FP8, blocks of 16\): the difference is rounding of the scales' grid unless larger; SQNR 31\.5 dB/,
    );
  await vscode.runCommand('View: Close All Editors');
});
