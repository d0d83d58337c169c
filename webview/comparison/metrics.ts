/** Every figure that the map can show: ids, names, definitions, scales. One list, so that no metric is out of reach of the picker. */
import { greatest, least } from '../../src/protocol/lists.ts';
import type { ComparisonTensor, ElementStats, MaskPrefix, SpectrumMetrics } from '../../src/protocol/results.ts';
import { degrees, num, percent, times } from '../shared/format.ts';
import type { Scale } from '../shared/heatmap.ts';
import { energyRatio } from '../shared/readings.ts';
import { t } from '../shared/l10n.ts';

export interface Metric {
  id: string;
  group: string;
  name: string;
  /** one sentence under the picker */
  text: string;
  /** null: two panels on one scale, or a scale found from the values */
  scale: Scale | null;
  /** computed by the elementwise pass, so there before the spectra */
  elementwise: boolean;
  get(tensor: ComparisonTensor): number | null;
  format(value: number | null): string;
}
/** The mask view and the energy view beside each other. */
export const VIEWS = 'views';

const SHARE: Scale = { kind: 'lin', lo: 0, hi: 1 };
const ANGLE: Scale = { kind: 'lin', lo: 0, hi: 90, unit: '°' };
const plain = (v: number | null): string => num(v);
const share = (v: number | null): string => percent(v);
type Format = (v: number | null) => string;
type Row = [id: string, name: string, text: string, scale: Scale | null, format: Format];

const asNumber = (v: unknown): number | null => (typeof v === 'number' ? v : typeof v === 'boolean' ? Number(v) : null);
function of(group: string, elementwise: boolean, [id, name, text, scale, format]: Row): Metric {
  const get = (t: ComparisonTensor): number | null => asNumber(t.metrics[id as keyof typeof t.metrics]);
  return { id, group, name, text, scale, elementwise, format, get };
}

const MASKS: [prefix: MaskPrefix, name: string, where: string, group: string][] = [
  ['principal', t('Principal'), t('the principal mask'), t('Alignment: mask view')],
  ['low', t('Low-mask'), t('the smallest base weights'), t('Alignment: low-mask overlap')],
  [
    'principalNotLow',
    t('Principal-not-low'),
    t('the principal mask without the smallest base weights'),
    t('Alignment: principal-not-low overlap'),
  ],
];
function maskMetrics([p, name, where, group]: (typeof MASKS)[number]): Metric[] {
  const rows: Row[] = [
    [
      `${p}Lift`,
      t('{0} overlap / null', name),
      t('Share of the changed weights in {0}, over the Gaussian rounding null. 1 is noise.', where),
      { kind: 'log1', hi: 2 },
      times,
    ],
    [
      `${p}Position`,
      t('{0} position, Gaussian null', name),
      t('Where the overlap lies between the Gaussian null (0) and what is attainable (−1, 1).'),
      { kind: 'div', hi: 1 },
      plain,
    ],
    [
      `${p}PositionStep`,
      t('{0} position, step null', name),
      t('Where the overlap lies between the step null (0) and what is attainable (−1, 1).'),
      { kind: 'div', hi: 1 },
      plain,
    ],
    [
      `${p}Z`,
      t('{0} z against the null', name),
      t('Assumes independent changes of one scale; overstates structured updates. Never read alone.'),
      { kind: 'div', hi: 25 },
      plain,
    ],
    [
      `${p}Overlap`,
      t('{0} overlap', name),
      t('Share of the changed weights that lie in {0}. Says nothing without its null.', where),
      SHARE,
      share,
    ],
    [
      `${p}Null`,
      t('{0} Gaussian null', name),
      t('The same share under Gaussian noise of the observed density.'),
      SHARE,
      share,
    ],
    [
      `${p}NullStep`,
      t('{0} step null', name),
      t('The same share where every weight moves by one step of random sign.'),
      SHARE,
      share,
    ],
  ];
  const range = (end: 0 | 1): Metric => ({
    ...of(group, false, [
      `${p}Range${end}`,
      t(end ? '{0} overlap, most attainable' : '{0} overlap, least attainable', name),
      t('What is attainable at this update density and mask size.'),
      SHARE,
      share,
    ]),
    get: (t) => t.metrics[`${p}Range`]?.[end] ?? null,
  });
  return [...rows.map((row) => of(group, false, row)), range(0), range(1)];
}
const ENERGIES: ['joint' | 'left' | 'right', string, string, string][] = [
  ['joint', t('Joint energy'), t('the leading r × r block'), 'r²/(mn)'],
  ['left', t('Left energy'), t('the leading left subspace'), 'r/m'],
  ['right', t('Right energy'), t('the leading right subspace'), 'r/n'],
];
function energyMetrics([side, name, where, isotropic]: (typeof ENERGIES)[number]): Metric[] {
  const group = t('Alignment: energy view');
  return [
    {
      ...of(group, false, [
        `${side}Ratio`,
        t('{0} / isotropic', name),
        t('Energy of the update in {0}, over the isotropic share {1}.', where, isotropic),
        { kind: 'log1', hi: 64 },
        times,
      ]),
      get: (t) => energyRatio(t.metrics, side),
    },
    of(group, false, [
      `${side}Energy`,
      name,
      t('Share of the update’s energy in {0}. Says nothing without its isotropic share.', where),
      SHARE,
      share,
    ]),
    of(group, false, [
      `${side}EnergyBaseline`,
      t('{0}, isotropic share', name),
      t('{0}: what an isotropic update would put into {1}.', isotropic, where),
      SHARE,
      share,
    ]),
  ];
}
const spectrum: Row[] = [
  [
    'nss',
    t('Spectrum shift (NSS)'),
    t('Change of the singular values over their norm. Never above the relative update.'),
    { kind: 'log', lo: 1e-5, hi: 1 },
    share,
  ],
  [
    'spectralShare',
    t('Spectral share of the update'),
    t('How much of the update’s norm shows in the singular values.'),
    SHARE,
    share,
  ],
  [
    'diagonalAmplification',
    t('Diagonal amplification'),
    t('Mean (uᵢᵀ D vᵢ)² over that of Gaussian noise, i ≤ r. 1 is noise.'),
    { kind: 'log1', hi: 256 },
    times,
  ],
  [
    'angleUMax',
    t('Largest left angle'),
    t('Largest principal angle between the leading k left subspaces, degrees.'),
    ANGLE,
    degrees,
  ],
  [
    'angleUMean',
    t('Mean left angle'),
    t('Mean of the k principal angles between the left subspaces, degrees.'),
    ANGLE,
    degrees,
  ],
  [
    'angleVMax',
    t('Largest right angle'),
    t('Largest principal angle between the leading k right subspaces, degrees.'),
    ANGLE,
    degrees,
  ],
  [
    'angleVMean',
    t('Mean right angle'),
    t('Mean of the k principal angles between the right subspaces, degrees.'),
    ANGLE,
    degrees,
  ],
  [
    'gap',
    t('Gap at k'),
    t('max(sₖ(W₀) − sₖ₊₁(W₁), sₖ(W₁) − sₖ₊₁(W₀)). Without a gap no bound on the angles exists.'),
    null,
    plain,
  ],
  ['wedinBound', t('Wedin bound'), t('Spectral norm of the update over the gap; vacuous from 1 on.'), null, plain],
  ['wedinVacuous', t('Wedin bound vacuous'), t('1 where the bound says nothing about the angles.'), SHARE, plain],
];
const elementwise: Row[] = [
  ['unchangedBf16', t('Unchanged in bf16'), t('Share of weights whose bf16 codes are equal.'), SHARE, share],
  [
    'unchangedRelative',
    t('Unchanged, relative probe'),
    t('Share of weights that moved by at most eta of their size.'),
    SHARE,
    share,
  ],
  [
    'unchangedAbsolute',
    t('Unchanged, absolute probe'),
    t('Share of weights that moved by at most the absolute tolerance.'),
    SHARE,
    share,
  ],
  ['updateDensity', t('Update density'), t('Share of weights whose stored codes differ.'), SHARE, share],
  ['relativeUpdate', t('Relative update'), t('‖D‖ over ‖W₀‖, Frobenius.'), { kind: 'log', lo: 1e-4, hi: 1 }, share],
  ['updateNorm', t('Update norm'), t('‖D‖, Frobenius.'), null, plain],
  ['baseNorm', t('Base norm'), t('‖W₀‖, Frobenius.'), null, plain],
];
const update: Row[] = [
  ['updateSpectralNorm', t('Spectral norm of the update'), t('s₁(D).'), null, plain],
  [
    'updateStableRank',
    t('Stable rank of the update'),
    t('‖D‖²(F) over s₁(D)². Rounding raises it.'),
    { kind: 'log', lo: 1, hi: 64 },
    plain,
  ],
  ['updateTop1Share', t('Top-1 share of the update'), t('s₁(D) over ‖D‖, Frobenius.'), SHARE, share],
  [
    'updateEffectiveRank',
    t('Effective rank of the update'),
    t('Rounding alone gives the update full rank: no evidence of a high-rank update.'),
    null,
    plain,
  ],
  [
    'updateRankRatio',
    t('Rank ratio of the update'),
    t('Numerical rank of D over q. Rounding alone gives full rank.'),
    SHARE,
    share,
  ],
  [
    'updateOutlierCount',
    t('Outliers of the update'),
    t('Singular values of D above its own Marchenko-Pastur edge.'),
    null,
    plain,
  ],
];
const validity: Row[] = [
  [
    'zeroShare',
    t('Stored zeros in the base'),
    t('Left out of hits, nulls and ranges: any change of a stored zero shows.'),
    SHARE,
    share,
  ],
  [
    'illDefined',
    t('Ill defined'),
    t('1 where the leading r directions are not separated from the next.'),
    SHARE,
    plain,
  ],
  ['maskRank', t('Mask rank r'), t('Rank of the reconstruction and of the energies.'), null, plain],
  ['angleRank', t('Angle rank k'), t('Size of the principal subspaces that are compared.'), null, plain],
];
type StatId = keyof (ElementStats & SpectrumMetrics);
/** Section A: [id, name, elementwise]. */
export const CHECKPOINT_ROWS: [StatId, string, boolean][] = [
  ['spectralNorm', t('Spectral norm'), false],
  ['frobeniusNorm', t('Frobenius norm'), false],
  ['stableRank', t('Stable rank'), false],
  ['effectiveRank', t('Effective rank'), false],
  ['numericalRank', t('Numerical rank'), false],
  ['conditionNumber', t('Condition number'), false],
  ['energyRank90', t('Rank at 90 % energy'), false],
  ['energyRank99', t('Rank at 99 % energy'), false],
  ['powerLawAlpha', t('Power-law exponent'), false],
  ['powerLawXmin', t('Power-law lower end'), false],
  ['powerLawD', t('Power-law distance'), false],
  ['alphaHat', t('Weighted exponent'), false],
  ['logAlphaNorm', t('Log alpha norm'), false],
  ['mpSoftRank', t('MP soft rank'), false],
  ['outlierCount', t('Outliers above MP edge'), false],
  ['min', t('Minimum'), true],
  ['max', t('Maximum'), true],
  ['mean', t('Mean'), true],
  ['std', t('Standard deviation'), true],
  ['absMax', t('Largest magnitude'), true],
  ['zeros', t('Zeros'), true],
  ['nan', 'NaN', true],
  ['inf', t('Infinities'), true],
  ['subnormal', t('Subnormal'), true],
];
function checkpointMetrics(side: 'base' | 'tuned'): Metric[] {
  const isBase = side === 'base';
  const group = t(isBase ? 'Base checkpoint' : 'Tuned checkpoint');
  return CHECKPOINT_ROWS.map(([id, name, isElementwise]) => ({
    id: `${side}.${id}`,
    group,
    name: isBase ? t('{0}, base', name) : t('{0}, tuned', name),
    text: isBase ? t('{0} of the base matrix.', name) : t('{0} of the tuned matrix.', name),
    scale: null,
    elementwise: isElementwise,
    format: plain,
    get: (t) => t.metrics[side][id] ?? null,
  }));
}
export const METRICS: readonly Metric[] = [
  {
    id: VIEWS,
    group: t('Alignment'),
    name: t('Mask view and energy view'),
    text: t('Both views as a factor over their own reference, on one scale: 1 is what noise gives.'),
    scale: null,
    elementwise: false,
    format: times,
    get: (t) => t.metrics.principalLift ?? null,
  },
  ...maskMetrics(MASKS[0]!),
  ...ENERGIES.flatMap(energyMetrics),
  ...spectrum.map((row) => of(t('Spectrum'), false, row)),
  ...elementwise.map((row) => of(t('Change'), true, row)),
  ...update.map((row) => of(t('Update'), false, row)),
  ...MASKS.slice(1).flatMap(maskMetrics),
  ...validity.map((row) => of(t('Validity'), false, row)),
  ...checkpointMetrics('base'),
  ...checkpointMetrics('tuned'),
];
const BY_ID: ReadonlyMap<string, Metric> = new Map(METRICS.map((m) => [m.id, m]));
export const metricById = (id: string): Metric => BY_ID.get(id) ?? METRICS[0]!;
export const GROUPS: readonly (readonly [string, readonly Metric[]])[] = [...new Set(METRICS.map((m) => m.group))].map(
  (group) => [group, METRICS.filter((m) => m.group === group)] as const,
);
/** The next or previous metric of the list, around its ends. */
export function stepMetric(id: string, by: 1 | -1): string {
  const at = METRICS.findIndex((m) => m.id === id);
  return METRICS[(at + by + METRICS.length) % METRICS.length]!.id;
}
/** For a metric without a natural range: logarithmic where the values are positive and span two decades. */
export function freeScale(values: readonly number[]): Scale {
  const lo = least(values);
  const hi = greatest(values);
  return lo > 0 && hi / lo >= 100 ? { kind: 'log', lo, hi } : { kind: 'lin', lo, hi };
}
