/** Every figure that the map can show: ids, names, definitions, scales. One list, so that no metric is out of reach of the picker. */
import type { ComparisonTensor, ElementStats, MaskPrefix, SpectrumMetrics } from '../../src/protocol/results.ts';
import { degrees, num, percent, times } from '../shared/format.ts';
import type { Scale } from '../shared/heatmap.ts';
import { energyRatio } from '../shared/readings.ts';

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

const MASKS: [MaskPrefix, string, string][] = [
  ['principal', 'Principal', 'the principal mask'],
  ['low', 'Low-mask', 'the smallest base weights'],
  ['principalNotLow', 'Principal-not-low', 'the principal mask without the smallest base weights'],
];
function maskMetrics([p, name, where]: (typeof MASKS)[number]): Metric[] {
  const group = p === 'principal' ? 'Alignment: mask view' : `Alignment: ${name.toLowerCase()} overlap`;
  const rows: Row[] = [
    [
      `${p}Lift`,
      `${name} overlap / null`,
      `Share of the changed weights in ${where}, over the Gaussian rounding null. 1 is noise.`,
      { kind: 'log1', hi: 2 },
      times,
    ],
    [
      `${p}Position`,
      `${name} position, Gaussian null`,
      'Where the overlap lies between the Gaussian null (0) and what is attainable (−1, 1).',
      { kind: 'div', hi: 1 },
      plain,
    ],
    [
      `${p}PositionStep`,
      `${name} position, step null`,
      'Where the overlap lies between the step null (0) and what is attainable (−1, 1).',
      { kind: 'div', hi: 1 },
      plain,
    ],
    [
      `${p}Z`,
      `${name} z against the null`,
      'Assumes independent changes of one scale; overstates structured updates. Never read alone.',
      { kind: 'div', hi: 25 },
      plain,
    ],
    [
      `${p}Overlap`,
      `${name} overlap`,
      `Share of the changed weights that lie in ${where}. Says nothing without its null.`,
      SHARE,
      share,
    ],
    [`${p}Null`, `${name} Gaussian null`, 'The same share under Gaussian noise of the observed density.', SHARE, share],
    [
      `${p}NullStep`,
      `${name} step null`,
      'The same share where every weight moves by one step of random sign.',
      SHARE,
      share,
    ],
  ];
  const range = (end: 0 | 1): Metric => ({
    ...of(group, false, [
      `${p}Range${end}`,
      `${name} overlap, ${end ? 'most' : 'least'} attainable`,
      'What is attainable at this update density and mask size.',
      SHARE,
      share,
    ]),
    get: (t) => t.metrics[`${p}Range`]?.[end] ?? null,
  });
  return [...rows.map((row) => of(group, false, row)), range(0), range(1)];
}
const ENERGIES: ['joint' | 'left' | 'right', string, string, string][] = [
  ['joint', 'Joint energy', 'the leading r × r block', 'r²/(mn)'],
  ['left', 'Left energy', 'the leading left subspace', 'r/m'],
  ['right', 'Right energy', 'the leading right subspace', 'r/n'],
];
function energyMetrics([side, name, where, isotropic]: (typeof ENERGIES)[number]): Metric[] {
  const group = 'Alignment: energy view';
  return [
    {
      ...of(group, false, [
        `${side}Ratio`,
        `${name} / isotropic`,
        `Energy of the update in ${where}, over the isotropic share ${isotropic}.`,
        { kind: 'log1', hi: 64 },
        times,
      ]),
      get: (t) => energyRatio(t.metrics, side),
    },
    of(group, false, [
      `${side}Energy`,
      name,
      `Share of the update’s energy in ${where}. Says nothing without its isotropic share.`,
      SHARE,
      share,
    ]),
    of(group, false, [
      `${side}EnergyBaseline`,
      `${name}, isotropic share`,
      `${isotropic}: what an isotropic update would put into ${where}.`,
      SHARE,
      share,
    ]),
  ];
}
const spectrum: Row[] = [
  [
    'nss',
    'Spectrum shift (NSS)',
    'Change of the singular values over their norm. Never above the relative update.',
    { kind: 'log', lo: 1e-5, hi: 1 },
    share,
  ],
  [
    'spectralShare',
    'Spectral share of the update',
    'How much of the update’s norm shows in the singular values.',
    SHARE,
    share,
  ],
  [
    'diagonalAmplification',
    'Diagonal amplification',
    'Mean (uᵢᵀ D vᵢ)² over that of Gaussian noise, i ≤ r. 1 is noise.',
    { kind: 'log1', hi: 256 },
    times,
  ],
  [
    'angleUMax',
    'Largest left angle',
    'Largest principal angle between the leading k left subspaces, degrees.',
    ANGLE,
    degrees,
  ],
  [
    'angleUMean',
    'Mean left angle',
    'Mean of the k principal angles between the left subspaces, degrees.',
    ANGLE,
    degrees,
  ],
  [
    'angleVMax',
    'Largest right angle',
    'Largest principal angle between the leading k right subspaces, degrees.',
    ANGLE,
    degrees,
  ],
  [
    'angleVMean',
    'Mean right angle',
    'Mean of the k principal angles between the right subspaces, degrees.',
    ANGLE,
    degrees,
  ],
  [
    'gap',
    'Gap at k',
    'max(sₖ(W₀) − sₖ₊₁(W₁), sₖ(W₁) − sₖ₊₁(W₀)). Without a gap no bound on the angles exists.',
    null,
    plain,
  ],
  ['wedinBound', 'Wedin bound', 'Spectral norm of the update over the gap; vacuous from 1 on.', null, plain],
  ['wedinVacuous', 'Wedin bound vacuous', '1 where the bound says nothing about the angles.', SHARE, plain],
];
const elementwise: Row[] = [
  ['unchangedBf16', 'Unchanged in bf16', 'Share of weights whose bf16 codes are equal.', SHARE, share],
  [
    'unchangedRelative',
    'Unchanged, relative probe',
    'Share of weights that moved by at most eta of their size.',
    SHARE,
    share,
  ],
  [
    'unchangedAbsolute',
    'Unchanged, absolute probe',
    'Share of weights that moved by at most the absolute tolerance.',
    SHARE,
    share,
  ],
  ['updateDensity', 'Update density', 'Share of weights whose stored codes differ.', SHARE, share],
  ['relativeUpdate', 'Relative update', '‖D‖ over ‖W₀‖, Frobenius.', { kind: 'log', lo: 1e-4, hi: 1 }, share],
  ['updateNorm', 'Update norm', '‖D‖, Frobenius.', null, plain],
  ['baseNorm', 'Base norm', '‖W₀‖, Frobenius.', null, plain],
];
const update: Row[] = [
  ['updateSpectralNorm', 'Spectral norm of the update', 's₁(D).', null, plain],
  [
    'updateStableRank',
    'Stable rank of the update',
    '‖D‖²(F) over s₁(D)². Rounding raises it.',
    { kind: 'log', lo: 1, hi: 64 },
    plain,
  ],
  ['updateTop1Share', 'Top-1 share of the update', 's₁(D) over ‖D‖, Frobenius.', SHARE, share],
  [
    'updateEffectiveRank',
    'Effective rank of the update',
    'Rounding alone gives the update full rank: no evidence of a high-rank update.',
    null,
    plain,
  ],
  [
    'updateRankRatio',
    'Rank ratio of the update',
    'Numerical rank of D over q. Rounding alone gives full rank.',
    SHARE,
    share,
  ],
  [
    'updateOutlierCount',
    'Outliers of the update',
    'Singular values of D above its own Marchenko-Pastur edge.',
    null,
    plain,
  ],
];
const validity: Row[] = [
  [
    'zeroShare',
    'Stored zeros in the base',
    'Left out of hits, nulls and ranges: any change of a stored zero shows.',
    SHARE,
    share,
  ],
  ['illDefined', 'Ill defined', '1 where the leading r directions are not separated from the next.', SHARE, plain],
  ['maskRank', 'Mask rank r', 'Rank of the reconstruction and of the energies.', null, plain],
  ['angleRank', 'Angle rank k', 'Size of the principal subspaces that are compared.', null, plain],
];
type StatId = keyof (ElementStats & SpectrumMetrics);
/** Section A: [id, name, elementwise]. */
export const CHECKPOINT_ROWS: [StatId, string, boolean][] = [
  ['spectralNorm', 'Spectral norm', false],
  ['frobeniusNorm', 'Frobenius norm', false],
  ['stableRank', 'Stable rank', false],
  ['effectiveRank', 'Effective rank', false],
  ['numericalRank', 'Numerical rank', false],
  ['conditionNumber', 'Condition number', false],
  ['energyRank90', 'Rank at 90 % energy', false],
  ['energyRank99', 'Rank at 99 % energy', false],
  ['powerLawAlpha', 'Power-law exponent', false],
  ['powerLawXmin', 'Power-law lower end', false],
  ['powerLawD', 'Power-law distance', false],
  ['alphaHat', 'Weighted exponent', false],
  ['logAlphaNorm', 'Log alpha norm', false],
  ['mpSoftRank', 'MP soft rank', false],
  ['outlierCount', 'Outliers above MP edge', false],
  ['min', 'Minimum', true],
  ['max', 'Maximum', true],
  ['mean', 'Mean', true],
  ['std', 'Standard deviation', true],
  ['absMax', 'Largest magnitude', true],
  ['zeros', 'Zeros', true],
  ['nan', 'NaN', true],
  ['inf', 'Infinities', true],
  ['subnormal', 'Subnormal', true],
];
function checkpointMetrics(side: 'base' | 'tuned'): Metric[] {
  const title = side === 'base' ? 'Base checkpoint' : 'Tuned checkpoint';
  return CHECKPOINT_ROWS.map(([id, name, isElementwise]) => ({
    id: `${side}.${id}`,
    group: title,
    name: `${name}, ${side}`,
    text: `${name} of the ${side} matrix.`,
    scale: null,
    elementwise: isElementwise,
    format: plain,
    get: (t) => t.metrics[side][id] ?? null,
  }));
}
export const METRICS: readonly Metric[] = [
  {
    id: VIEWS,
    group: 'Alignment',
    name: 'Mask view and energy view',
    text: 'Both views as a factor over their own reference, on one scale: 1 is what noise gives.',
    scale: null,
    elementwise: false,
    format: times,
    get: (t) => t.metrics.principalLift ?? null,
  },
  ...maskMetrics(MASKS[0]!),
  ...ENERGIES.flatMap(energyMetrics),
  ...spectrum.map((row) => of('Spectrum', false, row)),
  ...elementwise.map((row) => of('Change', true, row)),
  ...update.map((row) => of('Update', false, row)),
  ...MASKS.slice(1).flatMap(maskMetrics),
  ...validity.map((row) => of('Validity', false, row)),
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
  const lo = Math.min(...values);
  const hi = Math.max(...values);
  return lo > 0 && hi / lo >= 100 ? { kind: 'log', lo, hi } : { kind: 'lin', lo, hi };
}
