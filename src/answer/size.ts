/** How large updates are, and what one rounding would be beside them. */
import { say, type Text } from '../protocol/say.ts';
import { isByteFloat } from '../numbers/index.ts';
import { percent } from '../protocol/format.ts';
import type { Matrix } from './subject.ts';

/** sqrt(sum norm_F(D)^2 / sum norm_F(W0)^2); null of zeros. */
export function relativeUpdate(matrices: readonly Pick<Matrix, 'metrics'>[]): number | null {
  const base = energy(matrices, 'baseNorm');
  return base > 0 ? Math.sqrt(energy(matrices, 'updateNorm') / base) : null;
}
/** Sum of the squares of a norm. */
export function energy(matrices: readonly Pick<Matrix, 'metrics'>[], norm: 'baseNorm' | 'updateNorm'): number {
  return matrices.reduce((sum, { metrics }) => sum + (metrics[norm] ?? 0) ** 2, 0);
}

/** The relative update that one rounding of all of these would make; null if none has a rounding floor. */
export function roundingFloor(matrices: readonly Pick<Matrix, 'metrics'>[]): number | null {
  let [floors, base] = [0, 0];
  for (const { metrics } of matrices) {
    const { roundingFloor: floor, baseNorm } = metrics;
    if (floor == null || baseNorm === null) continue;
    floors += (floor * baseNorm) ** 2;
    base += baseNorm ** 2;
  }
  return base > 0 ? Math.sqrt(floors / base) : null;
}

/** As people call the grid of the tuned side: "bf16". An adapter's type is "BF16 + LoRA". */
export function gridWord(matrices: readonly Pick<Matrix, 'dtype'>[]): string {
  const types = new Set(matrices.map(({ dtype }) => dtype.tuned.split(' ')[0] ?? ''));
  const [type = ''] = types;
  if (types.size === 1 && isByteFloat(type)) return type;
  return types.size === 1 && type === 'F16' ? 'f16' : 'bf16';
}

/** "one rounding to bf16 0.17 %"; null without a floor. */
export function floorText(matrices: readonly Matrix[]): Text | null {
  const floor = roundingFloor(matrices);
  return floor === null ? null : say('one rounding to {0} {1}', gridWord(matrices), percent(floor, 2));
}
