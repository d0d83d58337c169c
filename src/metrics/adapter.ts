/** What an adapter is, in a line beside what is compared. */
import type { AdapterFacts } from '../protocol/adapter.ts';
import type { ComparisonPlan } from '../protocol/engine.ts';
import { say, type Text } from '../protocol/say.ts';

/** "LoRA, r = 8, scale 2"; `number` writes a scale, `shown` a text from a file. */
export function adapterName(
  { kind, rank, scale }: AdapterFacts,
  number: (value: number) => string,
  shown: (text: string) => string,
): Text {
  const name = shown(kind);
  if (rank === null) return scale === null ? say('{0}', name) : say('{0}, scale {1}', name, number(scale));
  if (scale === null) return say('{0}, r = {1}', name, String(rank));
  return say('{0}, r = {1}, scale {2}', name, String(rank), number(scale));
}

/** "adapter, LoRA, r = 8, scale 2, 18 of 42 matrices"; null of weights, and of a model that only keeps an adapter in it. */
export function adapterSaid(
  { tunedAdapter, untouched = [], pairs }: Pick<ComparisonPlan, 'tunedAdapter' | 'untouched' | 'pairs'>,
  number: (value: number) => string,
  shown: (text: string) => string,
): Text | null {
  if (tunedAdapter?.unmerged !== false) return null;
  // without a reason against it a pair is a matrix of the blocks
  const changed = pairs.filter(({ layer, reason }) => layer !== null && reason === undefined).length;
  return say(
    'adapter, {0}, {1} of {2} matrices',
    adapterName(tunedAdapter, number, shown),
    String(changed),
    String(changed + untouched.length),
  );
}
