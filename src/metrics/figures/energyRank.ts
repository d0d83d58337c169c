/** Energy ranks: least k whose leading k values hold 90 %, 99 % of sum s^2; 0 for a zero matrix. */
import { spectrumFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { exact } from '../tolerance.ts';

/** Least k whose leading k values hold `share` of sum s^2. */
export function energyRank(values: Float64Array, share: number): number {
  const largest = values[0] ?? 0;
  if (largest === 0) return 0;
  const total = values.reduce((sum, s) => sum + (s / largest) ** 2, 0);
  let held = 0;
  for (const [i, s] of values.entries()) {
    held += (s / largest) ** 2;
    if (held >= share * total) return i + 1;
  }
  return values.length;
}

const figure = <const P extends 90 | 99>(percent: P) =>
  spectrumFigure({
    id: `energyRank${percent}` as const,
    kind: 'integer',
    nullable: true,
    group: 'spectrum',
    unit: 'count',
    range: [0, null],
    scale: null,
    label: say('{0} % energy rank', String(percent)),
    short: say('{0} % energy', String(percent)),
    sentence: say('Fewest leading values that hold {0} % of the sum of σ².', String(percent)),
    // the samples' energies lie 8e-7 of the sum and more from both shares: their counts are exact
    tolerance: exact,
    compute: ({ values }) => energyRank(values, percent / 100),
  });
export const ENERGY_RANKS = [figure(90), figure(99)] as const;
