/** A checkpoint that is dragged onto a comparison. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { CommandServices } from '../../../src/commands/register.ts';

vi.mock('vscode', () => ({
  l10n: { t: (text: string, ...of: unknown[]) => text.replace(/\{(\d)\}/g, (_, i: string) => String(of[Number(i)])) },
}));
const { compareFurther } = await import('../../../src/commands/compareSeveral.ts');

let folder: string;
const at = (name: string): string => join(folder, `${name}.safetensors`);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'offaxis-further-'));
  for (const name of ['base', 'one', 'other']) writeFileSync(at(name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function drop(name: string): Promise<unknown[][]> {
  const compareRuns = vi.fn();
  const uri = { scheme: 'file', fsPath: at(name), toString: () => at(name) };
  const services = { several: { compareRuns } } as unknown as CommandServices;
  await compareFurther(services, { base: at('base'), tuned: at('one') }, uri as never);
  return compareRuns.mock.calls;
}

test('stands beside the tuned one, with the same base', async () => {
  expect(await drop('other')).toEqual([[at('base'), [at('one'), at('other')]]]);
});
test.each(['base', 'one'])('%s is there already, and refused', async (name) => {
  await expect(drop(name)).rejects.toThrow('in this comparison already');
});
