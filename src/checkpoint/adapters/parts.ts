/** The parts of one module's update: which belong together, and whether they do. */
import type { TensorRow } from '../../protocol/engine.ts';

/** By PEFT's names, whoever wrote the file. */
export type Parts = ReadonlyMap<string, TensorRow>;

export interface BrokenParts {
  code: 'adapter-ranks-disagree' | 'adapter-factor-missing';
  /** "the ranks of its two factors disagree: 4 and 8" */
  reason: string;
  tensor: string;
}

/** Two factors, the axis of each that is the rank. MLX: lora_a [in, r], lora_b [r, out]; [E, r, in] and [E, out, r] of experts. */
interface Couple {
  first: string;
  second: string;
  axes: (axes: number) => readonly [number, number];
}
const matrices = (first: number, second: number) => (): readonly [number, number] => [first, second];
const COUPLES: readonly Couple[] = [
  { first: 'lora_A', second: 'lora_B', axes: matrices(0, 1) },
  { first: 'lora_a', second: 'lora_b', axes: (axes) => (axes === 3 ? [1, 2] : [1, 0]) },
  { first: 'lora_embedding_A', second: 'lora_embedding_B', axes: matrices(0, 1) },
  { first: 'hada_w1_a', second: 'hada_w1_b', axes: matrices(1, 0) },
  { first: 'hada_w2_a', second: 'hada_w2_b', axes: matrices(1, 0) },
  { first: 'lokr_w1_a', second: 'lokr_w1_b', axes: matrices(1, 0) },
  { first: 'lokr_w2_a', second: 'lokr_w2_b', axes: matrices(1, 0) },
  { first: 'vera_lambda_d', second: 'vera_lambda_b', axes: () => [-1, -1] },
];
/** one of these needs the other, in whatever form it comes */
const ALTERNATIVES = [
  ['lokr_w1', 'lokr_w2'],
  ['hada_w1', 'hada_w2'],
] as const;

/** Factors of a convolution in groups: each output's part of the second one sees the rank of its group. */
export function isGrouped(parts: Parts): boolean {
  const [a, b] = [parts.get('lora_A')?.shape, parts.get('lora_B')?.shape];
  const [rank = 0, own = 0] = [a?.[0], b?.[1]];
  return (b?.length ?? 0) > 2 && own > 0 && own < rank && rank % own === 0;
}

/** Ranks that disagree, or a factor without the other. Null if the parts belong together. */
export function brokenParts(parts: Parts): BrokenParts | null {
  for (const { first, second, axes } of COUPLES) {
    const [a, b] = [parts.get(first), parts.get(second)];
    const one = a ?? b;
    if (!one) continue;
    if (!a || !b)
      return {
        code: 'adapter-factor-missing',
        reason: `it has one factor without the other: ${a ? second : first} is missing`,
        tensor: one.name,
      };
    const [left, right] = axes(a.shape.length);
    const ranks = [a.shape[left], b.shape[right]];
    // With a core between them (CP and Tucker forms) the two have ranks of their own; so have groups of a convolution.
    if (left >= 0 && ranks[0] !== ranks[1] && !parts.has('lora_mid') && !isGrouped(parts))
      return {
        code: 'adapter-ranks-disagree',
        reason: `the ranks of its two factors disagree: ${ranks.join(' and ')}`,
        tensor: a.name,
      };
  }
  const [core, thin] = [parts.get('lora_E'), parts.get('lora_A')];
  if (core && thin && core.shape[0] !== thin.shape[0])
    return {
      code: 'adapter-ranks-disagree',
      reason: `the ranks of its factors disagree: ${core.shape[0]} and ${thin.shape[0]}`,
      tensor: core.name,
    };
  for (const [first, second] of ALTERNATIVES) {
    const has = (start: string): TensorRow | undefined => [...parts].find(([name]) => name.startsWith(start))?.[1];
    const [a, b] = [has(first), has(second)];
    const one = a ?? b;
    if (one && (!a || !b))
      return {
        code: 'adapter-factor-missing',
        reason: `it has one factor without the other: ${a ? second : first} is missing`,
        tensor: one.name,
      };
  }
  return null;
}
