/** From what a pass over one tensor measured to findings: the rules of METRICS.md section C, with their thresholds. */
import { isBias, startsUniform, type Family } from '../families/index.ts';
import type { Weight } from '../checkpoint/index.ts';
import { quoted } from '../formats/index.ts';
import { largestOf, layoutOf } from '../numbers/index.ts';
import { plain, shareText } from '../protocol/format.ts';
import type { Finding } from '../protocol/health.ts';
import type { ElementStats, Severity } from '../protocol/results.ts';
import type { DeadLines, Lines } from './lines.ts';

const { integer, num: figure } = plain;
const FP16 = layoutOf('F16');
/** From here on rounding to fp16, nearest even, gives infinity: half a step beyond the largest value, 65520. */
export const FP16_OVERFLOW = largestOf(FP16) * (1 + 2 ** -(FP16.mantissaBits + 1) / (2 - 2 ** -FP16.mantissaBits));
/** Half of the largest fp16: one doubling (a merged adapter, a sum of two) overflows. */
export const FP16_NEAR = largestOf(FP16) / 2;
/** Share of the weights other than 0 that lost significant bits. For Gaussian weights a tenth means a std of 8 smallest normals. */
const SUBNORMAL_NOTE = 0.1;
/** More than half: the typical weight has fewer bits than its type promises. */
const SUBNORMAL_WARNING = 0.5;
/** Shorter lines, and smaller tensors, can hold one value by chance. */
export const MIN_LINE = 8;

/** What the rules look for, in words: a clean result names them. */
export const RULES: readonly string[] = [
  'NaN and infinities',
  'all-zero and constant tensors',
  'dead rows and columns',
  'duplicated tensors',
  'fp16 overflow',
  'subnormal weights',
  'scale against sibling layers',
  'missing shards and the index',
  'weights without elements',
  'config.json against the tensors',
  'a file that ends in zeros',
];

export interface Measured {
  /** whole, in the order of its storage */
  weight: Weight;
  stats: ElementStats;
  /** root mean square of the finite weights; null without any */
  rms: number | null;
  /** null for tensors of one axis */
  lines: DeadLines | null;
  /** first weight of each kind, one number an axis; found only if its count is not 0 */
  firstNaN: number[] | null;
  firstInfinite: number[] | null;
  /** weights with |w| >= FP16_OVERFLOW, in types that hold them */
  overflows: number;
  firstOverflow: number[] | null;
}

/** Everything that one tensor shows by itself. */
export function findingsOf(measured: Measured, family: Family | null = null): Finding[] {
  const found = notFinite(measured);
  const { place, count } = measured.weight;
  if (place.role === 'bookkeeping' || count === 0) return found;
  const uniform = oneValue(measured, family);
  if (uniform) return [...found, uniform];
  return [...found, ...deadLines(measured), ...range(measured), ...subnormal(measured)];
}

export function finding(
  { name, entries }: Weight,
  severity: Severity,
  code: string,
  text: string,
  advice: string,
  index?: number[] | null,
): Finding {
  return {
    severity,
    code,
    message: `${quoted(name)} ${text} ${advice}`.trimEnd(),
    file: entries[0]?.file ?? '',
    tensor: name,
    ...(index ? { index } : {}),
  };
}

const at = (index: number[] | null): string => (index ? ` at [${index.join(', ')}]` : '');

function notFinite({ weight, stats, firstNaN, firstInfinite }: Measured): Finding[] {
  // Masks hold infinities on purpose.
  const severity: Severity = weight.place.role === 'bookkeeping' ? 'info' : 'error';
  const advice = 'The run that wrote it diverged, or the file is damaged: go back to an earlier checkpoint.';
  const some = (n: number, what: string, first: number[] | null): string =>
    `holds ${integer(n)} ${what} in ${integer(weight.count)} weights, the first${at(first)}.`;
  return [
    ...(stats.nan ? [finding(weight, severity, 'nan', some(stats.nan, 'NaN', firstNaN), advice, firstNaN)] : []),
    ...(stats.inf
      ? [
          finding(
            weight,
            severity,
            'infinite',
            some(stats.inf, stats.inf === 1 ? 'infinity' : 'infinities', firstInfinite),
            advice,
            firstInfinite,
          ),
        ]
      : []),
  ];
}

/** Biases, the B half of a fresh adapter and norms start at one value, and may stay there. */
function oneValue({ weight, stats }: Measured, family: Family | null): Finding | null {
  const { name, place, shape, count } = weight;
  if (stats.nan || stats.inf || count < MIN_LINE || stats.min !== stats.max) return null;
  if (stats.absMax === 0 && place.role === 'norm' && family && !family.normsFromZero && !isBias(name)) {
    const text = `holds nothing but zeros (${integer(count)} weights); a norm of ${family.title} starts at one, and at zero it silences what it is in.`;
    return finding(weight, 'warning', 'all-zero', text, 'The file was not copied whole, or the norm was never loaded.');
  }
  const expected = place.role === 'norm' || shape.length < 2 || isBias(name) || startsUniform(name);
  const severity = expected ? 'info' : 'warning';
  const advice = expected
    ? 'It stands as it was initialised.'
    : 'Nothing was trained or loaded here: check the conversion and the names.';
  if (stats.absMax === 0)
    return finding(weight, severity, 'all-zero', `holds nothing but zeros (${integer(count)} weights).`, advice);
  const text = `holds one value only, ${figure(stats.min ?? 0)}, in all ${integer(count)} weights.`;
  return finding(weight, severity, 'constant', text, advice);
}

function deadLines({ weight, lines }: Measured): Finding[] {
  if (!lines) return [];
  const { shape, columns, place } = weight;
  const stack = shape.length === 3;
  const rows = stack ? (shape[1] ?? 1) : weight.rows;
  const tokens = place.role === 'embedding' || place.role === 'head';
  const report = (
    code: string,
    kind: 'row' | 'column',
    { count, first }: Lines,
    of: number,
    length: number,
  ): Finding[] => {
    // Lines that are all alike were reported as one finding of the tensor; short ones agree by chance.
    if (!count || length < MIN_LINE) return [];
    const zero = code.startsWith('dead');
    const places = first.map(({ matrix, line }) => (stack ? `${line} of matrix ${matrix}` : String(line)));
    const names = `${places.join(', ')}${count > first.length ? ', …' : ''}`;
    const text = `${count === 1 ? 'has 1' : `has ${integer(count)}`} of ${integer(of)} ${kind}s that ${count === 1 ? 'holds' : 'hold'} ${zero ? 'nothing but zeros' : 'one value only'}: ${names}.`;
    // A padding token's row is zero by design, and vocabularies are padded to a round size.
    const padding = tokens && kind === 'row';
    const advice = padding
      ? 'Tokens that are never used or padding look like this.'
      : `${kind === 'row' ? 'That output is' : 'That input is'} switched off: pruned on purpose, or lost in a conversion.`;
    const [place] = first;
    const index = place && [...(stack ? [place.matrix] : []), ...(kind === 'row' ? [place.line, 0] : [0, place.line])];
    return [finding(weight, padding ? 'info' : 'warning', code, text, advice, index)];
  };
  const matrices = stack ? (shape[0] ?? 1) : 1;
  return [
    ...report('dead-rows', 'row', lines.zeroRows, rows * matrices, columns),
    ...report('dead-columns', 'column', lines.zeroColumns, columns * matrices, rows),
    ...report('constant-rows', 'row', lines.constantRows, rows * matrices, columns),
    ...report('constant-columns', 'column', lines.constantColumns, columns * matrices, rows),
  ];
}

function range({ weight, stats, overflows, firstOverflow }: Measured): Finding[] {
  const largest = stats.absMax ?? 0;
  if (overflows) {
    const text = `holds ${integer(overflows)} weights of a size from ${integer(FP16_OVERFLOW)}, up to ${figure(largest)}, the first${at(firstOverflow)}: they become infinite in fp16.`;
    return [finding(weight, 'warning', 'fp16-overflow', text, 'Keep it in bf16 or float32.', firstOverflow)];
  }
  if (largest <= FP16_NEAR) return [];
  const text = `reaches ${figure(largest)}; the largest fp16 is ${integer(largestOf(FP16))}, so one doubling overflows.`;
  return [finding(weight, 'info', 'fp16-near-overflow', text, 'Merge adapters into it in float32.')];
}

function subnormal({ weight, stats }: Measured): Finding[] {
  const present = weight.count - stats.zeros - stats.nan - stats.inf;
  const share = stats.subnormal / Math.max(1, present);
  if (present < MIN_LINE || share <= SUBNORMAL_NOTE) return [];
  const text = `has ${shareText(share, figure, 4, ' ')} of its weights other than 0 below the normal range of ${weight.dtype}: they have lost significant bits.`;
  const advice = 'Store it in a type with a wider range, or with a scale.';
  return [finding(weight, share > SUBNORMAL_WARNING ? 'warning' : 'info', 'subnormal', text, advice)];
}
