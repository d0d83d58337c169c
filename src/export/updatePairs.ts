/** Two updates of one base beside each other, as text for people: `offaxis compare ADAPTER OTHER` and the window show the same. */
import { modelOfPairs } from '../metrics/updatePair.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import { appendAll } from '../protocol/lists.ts';
import type { UpdatePairsResult } from '../protocol/updatePair.ts';
import { terminal, visible } from '../text/show.ts';
import { figure, percent, table } from './plain.ts';

/** Reasons that are told in the text. */
const MOST_REASONS = 4;

/** Throws bad-file if nothing is changed by both. */
export function updatePairsResult(found: Omit<UpdatePairsResult, 'schema' | 'model'>): UpdatePairsResult {
  const { one, other, matrices, skipped } = found;
  const [first] = skipped;
  if (matrices.length === 0)
    throw new OffaxisError(
      'bad-file',
      say`${one} and ${other} change no matrix in common${first ? ` (${first.name}: ${first.reason})` : ''}. Check that both were trained on one base.`,
    );
  return { schema: 'offaxis.updates/1', ...found, model: modelOfPairs(matrices) };
}

/** Lines of a table and what it comes to. */
export function updatePairsText({ one, other, base, matrices, model, skipped }: UpdatePairsResult): string[] {
  const rows = matrices.map((pair) => [
    pair.name,
    pair.shape.join(' x '),
    ...pair.updateNorms.map((norm) => figure(norm, 4)),
    ratio(pair.updateNorms),
    figure(pair.updateCosine, 3),
    figure(pair.cosineDeviation, 2),
    `${percent(pair.subspaceSimilarity)} / ${percent(pair.subspaceChance)}`,
  ]);
  const head = [
    'matrix',
    'shape',
    'norm 1',
    'norm 2',
    '2 over 1',
    'cosine',
    'sd if independent',
    'shared directions / chance',
  ];
  const reasons = [...new Set(matrices.flatMap((pair) => pair.reasons))].slice(0, MOST_REASONS);
  const lines = [
    terminal(`1: ${one}`),
    terminal(`2: ${other}`),
    base === null ? 'the updates themselves, without their base' : terminal(`over ${base}`),
    '',
  ];
  appendAll(lines, table(head, rows));
  lines.push(
    '',
    `norms of the updates: ${model.updateNorms.map((norm) => figure(norm, 4)).join(' and ')}, ${ratio(model.updateNorms)} times`,
    `cosine of the updates: ${figure(model.updateCosine, 3)} over ${matrices.length} ${matrices.length === 1 ? 'matrix' : 'matrices'}; 0 if independent`,
  );
  for (const reason of reasons) lines.push(`note: ${terminal(reason)}`);
  if (skipped.length) {
    const some = skipped.slice(0, MOST_REASONS).map(({ name, reason }) => `${visible(name)} (${visible(reason)})`);
    const more = skipped.length > some.length ? ` and ${skipped.length - some.length} more` : '';
    lines.push(`${skipped.length} left out: ${some.join(', ')}${more}`);
  }
  return lines;
}

const ratio = ([first, second]: [number, number]): string => (first > 0 ? figure(second / first, 3) : '-');
