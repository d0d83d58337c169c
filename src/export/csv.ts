/** A comparison as a table: one row a tensor, one column a metric, for spreadsheets and data frames. */
import type {
  AlignmentMetrics,
  ChangeMetrics,
  ComparisonResult,
  ComparisonTensor,
  ElementStats,
  SpectrumMetrics,
  UpdateMetrics,
} from '../protocol/results.ts';

/** The ids of `T`, each exactly once: the object form makes the compiler report a missing or an unknown id. */
function ids<T>(all: Record<keyof T & string, true>): (keyof T & string)[] {
  return Object.keys(all) as (keyof T & string)[];
}

const CHANGE_IDS = ids<ChangeMetrics>({
  unchangedBf16: true,
  unchangedRelative: true,
  unchangedAbsolute: true,
  updateDensity: true,
  baseNorm: true,
  updateNorm: true,
  relativeUpdate: true,
});
const UPDATE_IDS = ids<Omit<UpdateMetrics, keyof AlignmentMetrics>>({
  updateSpectralNorm: true,
  updateStableRank: true,
  updateTop1Share: true,
  updateEffectiveRank: true,
  updateRankRatio: true,
  updateOutlierCount: true,
  nss: true,
  spectralShare: true,
  diagonalAmplification: true,
  angleUMax: true,
  angleUMean: true,
  angleVMax: true,
  angleVMean: true,
  gap: true,
  wedinBound: true,
  wedinVacuous: true,
  jointEnergy: true,
  jointEnergyBaseline: true,
  leftEnergy: true,
  leftEnergyBaseline: true,
  rightEnergy: true,
  rightEnergyBaseline: true,
  illDefined: true,
  zeroShare: true,
  angleRank: true,
  maskRank: true,
});
const ALIGNMENT_IDS = ids<AlignmentMetrics>({
  principalOverlap: true,
  principalNull: true,
  principalNullStep: true,
  principalRange: true,
  principalLift: true,
  principalZ: true,
  principalPosition: true,
  principalPositionStep: true,
  lowOverlap: true,
  lowNull: true,
  lowNullStep: true,
  lowRange: true,
  lowLift: true,
  lowZ: true,
  lowPosition: true,
  lowPositionStep: true,
  principalNotLowOverlap: true,
  principalNotLowNull: true,
  principalNotLowNullStep: true,
  principalNotLowRange: true,
  principalNotLowLift: true,
  principalNotLowZ: true,
  principalNotLowPosition: true,
  principalNotLowPositionStep: true,
});
const SIDE_IDS = ids<ElementStats & SpectrumMetrics>({
  min: true,
  max: true,
  mean: true,
  std: true,
  absMax: true,
  zeros: true,
  nan: true,
  inf: true,
  subnormal: true,
  spectralNorm: true,
  frobeniusNorm: true,
  stableRank: true,
  effectiveRank: true,
  numericalRank: true,
  conditionNumber: true,
  energyRank90: true,
  energyRank99: true,
  powerLawAlpha: true,
  powerLawXmin: true,
  powerLawD: true,
  alphaHat: true,
  logAlphaNorm: true,
  mpSoftRank: true,
  outlierCount: true,
});

type Cell = string | number | boolean | null | undefined;
interface Column {
  name: string;
  value(tensor: ComparisonTensor): Cell;
}

function isRange(id: string): id is keyof AlignmentMetrics & `${string}Range` {
  return id.endsWith('Range');
}

const COLUMNS: readonly Column[] = [
  { name: 'name', value: (tensor) => tensor.name },
  { name: 'layer', value: (tensor) => tensor.layer },
  { name: 'module', value: (tensor) => tensor.module },
  { name: 'shape', value: (tensor) => tensor.shape.join('x') },
  { name: 'dtype.base', value: (tensor) => tensor.dtype.base },
  { name: 'dtype.tuned', value: (tensor) => tensor.dtype.tuned },
  ...[...CHANGE_IDS, ...UPDATE_IDS].map((id): Column => ({ name: id, value: (tensor) => tensor.metrics[id] })),
  ...ALIGNMENT_IDS.flatMap((id): Column[] =>
    isRange(id)
      ? [
          { name: `${id}.min`, value: (tensor) => tensor.metrics[id]?.[0] },
          { name: `${id}.max`, value: (tensor) => tensor.metrics[id]?.[1] },
        ]
      : [{ name: id, value: (tensor) => tensor.metrics[id] }],
  ),
  ...(['base', 'tuned'] as const).flatMap((side) =>
    SIDE_IDS.map((id): Column => ({ name: `${side}.${id}`, value: (tensor) => tensor.metrics[side][id] })),
  ),
  { name: 'flags', value: (tensor) => tensor.flags.join(' ') },
  { name: 'reasons', value: (tensor) => tensor.reasons.join(' ') },
  { name: 'computedOn', value: (tensor) => tensor.computedOn },
  { name: 'recomputed', value: (tensor) => tensor.recomputed?.join(' ') },
  { name: 'elapsedMs', value: (tensor) => tensor.elapsedMs },
];

/** The header of `comparisonCsv`: the same for every comparison. */
export const CSV_COLUMNS: readonly string[] = COLUMNS.map((column) => column.name);

/**
 * RFC 4180 with CRLF and a header. Numbers are written as JavaScript prints them, which reads back to the same float64; an undefined
 * value is an empty field. A range takes two columns, `.min` and `.max`. Change profiles are left to the JSON.
 */
export function comparisonCsv(result: Pick<ComparisonResult, 'tensors'>): string {
  const lines = [CSV_COLUMNS, ...result.tensors.map((tensor) => COLUMNS.map((column) => column.value(tensor)))];
  return lines.map((cells) => `${cells.map(field).join(',')}\r\n`).join('');
}

function field(value: Cell): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
