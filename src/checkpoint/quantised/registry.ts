/** Every layout of quantised weights, and which rows of a checkpoint are of which. */
import { describeName } from '../../families/index.ts';
import { ggmlBlocks } from '../../numbers/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import { pushTo, elementCount } from '../../protocol/lists.ts';
import { hasSpectrum } from '../rows.ts';
import { BNB_4BIT } from './bitsandbytes.ts';
import type { QuantisationConfig } from './config.ts';
import { MXFP4, NVFP4 } from './fp4.ts';
import { GGML } from './ggml.ts';
import { AWQ, GPTQ } from './gptq.ts';
import { CODE_TYPES, type Claim, type Layout, type Neighbours } from './layout.ts';
import { MLX, toldByNorms } from './mlx.ts';
import { OPAQUE, UNKNOWN, UNSCALED } from './opaque.ts';
import { PACKED } from './packed.ts';
import { BITNET, HQQ } from './planar.ts';
import { BNB_INT8, FP8, INT8, QUANTO } from './scaled.ts';

/** The first that claims a row has it: the opaque ones come last. `UNKNOWN` is asked for what none of them has. */
export const LAYOUTS: readonly Layout[] = [
  ...[GGML, FP8, BNB_INT8, INT8, QUANTO, BNB_4BIT, NVFP4, MXFP4, PACKED, GPTQ, AWQ, MLX, HQQ, BITNET],
  ...OPAQUE,
  UNSCALED,
];

/** bitsandbytes: of codes of any type */
const QUANT_MAP = '.quant_map';

/** Entries whose bytes say how others are read; no longer than this. */
const NOTE = /(^|\.)(weight_shape|shape|weight_format|quant_state\.bitsandbytes__(nf4|fp4))$/;
const NOTE_BYTES = 64 * 1024;
/** Looked at first: models have half a million names. */
const NOTE_ENDS = ['shape', 'weight_format', 'nf4', 'fp4'];

export function isNote({ name, sizeBytes, offset }: TensorRow): boolean {
  return offset !== null && sizeBytes <= NOTE_BYTES && NOTE_ENDS.some((end) => name.endsWith(end)) && NOTE.test(name);
}

/**
 * Finds the quantised weights: their rows take the shape, module and role of the weight, those of their scales become bookkeeping.
 * Changes `tensors`; gives what those that can
 * be decoded claim, by the name of their codes.
 */
export function recognise(
  tensors: Map<string, TensorRow>,
  config: QuantisationConfig,
  notes: ReadonlyMap<string, Uint8Array>,
): ReadonlyMap<string, Claim> {
  const mlx = config.module('').bits === null ? toldByNorms(tensors) : null;
  const module: QuantisationConfig['module'] = mlx ? () => ({ ...mlx, mode: 'affine' }) : config.module;
  let scales: ReadonlyMap<string, TensorRow[]> | null = null;
  const beside: Neighbours = {
    tensors,
    config: { ...config, module },
    notes,
    scalesOf: (stem) => (scales ??= scalesByStem(tensors)).get(stem) ?? [],
  };
  const claims = new Map<string, Claim>();
  const mapped = new Set<string>();
  for (const name of tensors.keys()) if (name.endsWith(QUANT_MAP)) mapped.add(name.slice(0, -QUANT_MAP.length));
  for (const row of tensors.values()) {
    const isCode = CODE_TYPES.has(row.dtype) || ggmlBlocks(row.dtype) !== undefined;
    if (row.offset === null || !(isCode || mapped.has(row.name))) continue;
    for (const layout of LAYOUTS) {
      const claim = layout.claim(row, beside);
      if (!claim) continue;
      claims.set(row.name, claim);
      break;
    }
  }
  // What is left over and belongs to none of them.
  const sides = new Set([...claims.values()].flatMap((claim) => claim.sides.map(({ name }) => name)));
  for (const row of tensors.values()) {
    if (row.offset === null || !CODE_TYPES.has(row.dtype) || claims.has(row.name) || sides.has(row.name)) continue;
    const claim = UNKNOWN.claim(row, beside);
    if (claim) claims.set(row.name, claim);
  }
  // Claims are made from the rows as the files have them, so all are made before any row is changed.
  for (const [name, claim] of claims) {
    for (const side of claim.sides) {
      const bookkeeping: TensorRow = { ...(tensors.get(side.name) ?? side), role: 'bookkeeping', spectral: false };
      tensors.set(side.name, bookkeeping);
    }
    tensors.set(name, logicalRow(tensors.get(name) as TensorRow, claim));
  }
  for (const [name, { decoder }] of claims) if (typeof decoder === 'string') claims.delete(name);
  return claims;
}

/** "X.weight_scale" and "X.weight.scale" of X; "X_scale" of X too. */
function scalesByStem(tensors: ReadonlyMap<string, TensorRow>): Map<string, TensorRow[]> {
  const found = new Map<string, TensorRow[]>();
  for (const row of tensors.values()) {
    const [, stem = '', last = ''] = /^(.+?)(?:\.weight)?[._]([^.]*?scal(?:e|ing)[^.]*)$/.exec(row.name) ?? [];
    if (stem !== '' && row.offset !== null && !/(^|_)(input|output|act|activation)(_|$)/.test(last))
      pushTo(found, stem, row);
  }
  return found;
}

function logicalRow(row: TensorRow, { weight, kind, bits, group, shape, decoder }: Claim): TensorRow {
  const { layer, module, role } = describeName(weight);
  const reason = typeof decoder === 'string' ? decoder : null;
  // What is not decoded is shown as the codes that it is.
  const values = reason === null && shape ? [...shape] : row.shape;
  return {
    ...row,
    layer,
    module,
    role,
    shape: values,
    spectral: reason === null && hasSpectrum(values, module),
    quantised: {
      codes: row.name,
      weight,
      kind,
      bits,
      group,
      storedShape: row.shape,
      parameters: shape === null ? null : elementCount(shape),
      reason,
    },
  };
}

/** "GPTQ, 4 bits, groups of 128"; the bits are left out if the kind says them. */
export function quantisationText({ kind, bits, group }: Pick<Claim, 'kind' | 'bits' | 'group'>): string {
  const says = bits === 0 || kind.includes(String(bits));
  return [kind, ...(says ? [] : [`${bits} bits`]), ...(group === null ? [] : [group])].join(', ');
}
