/** The float64 LAPACK values of the sample family, and how a figure on the page is held to them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ComparisonPage } from './comparison.ts';

export type Figures = Record<string, number | null> & { principalRange: [number, number] | null };

/** Section B of one pair, by tensor name. */
export function goldenComparison(
  root: string,
  pair: 'base-to-rl' | 'base-to-rl-hot' | 'base-to-sft' | 'adapter-rl-lora',
): Map<string, Figures> {
  const file = join(root, 'test', 'fixtures', 'golden', `${pair}.json`);
  const { tensors } = JSON.parse(readFileSync(file, 'utf8')) as { tensors: Record<string, Figures> };
  return new Map(Object.entries(tensors));
}

/** Section A of samples/base, by tensor name. */
export function goldenBase(root: string): Map<string, Figures> {
  const file = join(root, 'test', 'fixtures', 'golden', 'base.json');
  const { tensors } = JSON.parse(readFileSync(file, 'utf8')) as { tensors: Record<string, Figures> };
  return new Map(Object.entries(tensors));
}

/** The unweighted mean over the matrices that have a value. */
export function meanOf(tensors: Map<string, Figures>, id: string): number {
  const values = [...tensors.values()].map((tensor) => tensor[id]).filter((value) => typeof value === 'number');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The median over the matrices that have a value. */
export function medianOf(
  tensors: Map<string, Figures>,
  value: (figures: Figures) => number | null | undefined,
): number {
  const sorted = [...tensors.values()]
    .map(value)
    .filter((one) => typeof one === 'number')
    .sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}
/** The figure is the golden one, to the tolerance of METRICS.md for spectra and what follows from them. */
export function expectGolden(value: number, golden: number, what: string): void {
  expect(Math.abs(value / golden - 1), `${what}: ${value} is shown, ${golden} is right`).toBeLessThan(1e-3);
}

/** The first number in a text of the page: "26.5 %" (0.265), "−0.31", "1.2e−5", "×50.9", "1 024", with any space between. */
export function shownNumber(text: string): number {
  const plain = text.replace(/\u2212/g, '-').replace(/(\d)\u202f(?=\d)/g, '$1');
  const match = /(-?\d+(?:\.\d+)?(?:e-?\d+)?)(\s*%)?/.exec(plain);
  if (!match) throw new Error(`"${text}" shows no number`);
  return Number(match[1]) / (match[2] ? 100 : 1);
}

/** The page shows three or four digits: the figure must be the golden value up to the last of three. */
export function expectShown(text: string, golden: number, what: string): void {
  const shown = shownNumber(text);
  expect(Math.abs(shown - golden), `${what}: ${shown} is shown, ${golden} is right`).toBeLessThanOrEqual(
    0.006 * Math.abs(golden),
  );
}

/** The key figures of two questions, whatever computed them; the last question is the one that is open then. */
export async function expectGoldenKeyFigures(page: ComparisonPage, matrices: Map<string, Figures>): Promise<void> {
  await page.question('where');
  const times = (m: Figures): number => (m['jointEnergy'] ?? NaN) / (m['jointEnergyBaseline'] ?? NaN);
  expectGolden((await page.keyFigure()).value, medianOf(matrices, times), 'joint energy over random');
  await page.question('where', 'principalOverlap');
  const overlap = medianOf(matrices, (m) => m['principalOverlap']);
  expectGolden((await page.keyFigure()).value, overlap, 'principal overlap');
  await page.question('spectrum', 'nss');
  expectGolden(
    (await page.keyFigure()).value,
    medianOf(matrices, ({ nss }) => nss),
    'NSS',
  );
  const largest = Math.max(...[...matrices.values()].flatMap((m) => [m['angleUMax'] ?? 0, m['angleVMax'] ?? 0]));
  expectShown(await page.action('most').innerText(), largest, 'largest angle');
}
