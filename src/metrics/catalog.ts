/**
 * Every figure of one checkpoint or two that is computed, in the order of tables and files. A figure is a file in figures/ and a line here; what
 * shows, writes or checks figures reads this list. Those of several checkpoints stand in severalCatalog.ts.
 */
import { ANGLES } from './figures/angles.ts';
import { CONDITION_NUMBER } from './figures/conditionNumber.ts';
import { COSINE } from './figures/cosine.ts';
import { COUNTS } from './figures/counts.ts';
import { CURVES } from './figures/curves.ts';
import { DIAGONAL_AMPLIFICATION } from './figures/diagonalAmplification.ts';
import { EFFECTIVE_RANK } from './figures/effectiveRank.ts';
import { ENERGIES } from './figures/energies.ts';
import { ENERGY_RANKS } from './figures/energyRank.ts';
import { HIDDEN } from './figures/hidden.ts';
import { INTRUDERS } from './figures/intruders.ts';
import { MARCHENKO_PASTUR } from './figures/marchenkoPastur.ts';
import { MASK_FIGURES } from './figures/masks.ts';
import { MOMENTS } from './figures/moments.ts';
import { NORMS } from './figures/norms.ts';
import { NUMERICAL_RANK } from './figures/numericalRank.ts';
import { POWER_LAW } from './figures/powerLaw.ts';
import { PROFILES } from './figures/profiles.ts';
import { RANKS } from './figures/ranks.ts';
import { RELATIVE_UPDATE } from './figures/relativeUpdate.ts';
import { ROUNDING_FLOOR } from './figures/roundingFloor.ts';
import { SPECTRAL_SHIFT } from './figures/spectralShift.ts';
import { STABLE_RANK } from './figures/stableRank.ts';
import { UNCHANGED } from './figures/unchanged.ts';
import { UPDATE_DENSITY } from './figures/updateDensity.ts';
import { UPDATE_TOP1_SHARE } from './figures/updateTop1Share.ts';
import { VALIDITY } from './figures/validity.ts';
import { WEDIN } from './figures/wedin.ts';
import type { Of as AnyOf, ValuesOf } from './figure.ts';

export const CATALOG = [
  ...MOMENTS,
  ...COUNTS,
  ...UNCHANGED,
  UPDATE_DENSITY,
  ...RELATIVE_UPDATE,
  COSINE,
  ...HIDDEN,
  ROUNDING_FLOOR,
  ...NORMS,
  ...STABLE_RANK,
  UPDATE_TOP1_SHARE,
  ...EFFECTIVE_RANK,
  ...NUMERICAL_RANK,
  CONDITION_NUMBER,
  ...ENERGY_RANKS,
  ...POWER_LAW,
  ...MARCHENKO_PASTUR,
  ...SPECTRAL_SHIFT,
  DIAGONAL_AMPLIFICATION,
  ...ANGLES,
  ...WEDIN,
  ...INTRUDERS,
  ...ENERGIES,
  ...CURVES,
  ...VALIDITY,
  ...RANKS,
  ...MASK_FIGURES,
  ...PROFILES,
] as const;

type Listed = (typeof CATALOG)[number];
type Of = Exclude<AnyOf, 'agreement' | 'path'>;
/** Once for all: a comparison may ask for a million tensors. */
const BY_SOURCE: { readonly [O in Of]: readonly Extract<Listed, { of: O }>[] } = {
  elements: listOf('elements'),
  spectrum: listOf('spectrum'),
  change: listOf('change'),
  update: listOf('update'),
  profile: listOf('profile'),
};
function listOf<O extends Of>(of: O): readonly Extract<Listed, { of: O }>[] {
  return CATALOG.filter((figure): figure is Extract<Listed, { of: O }> => figure.of === of);
}
/** The figures of one source, in the order of the list. */
export function figuresOf<O extends Of>(of: O): readonly Extract<Listed, { of: O }>[] {
  return BY_SOURCE[of];
}
/** Of these sources the figures that tables in a terminal show, each with the head of its column. */
export function columnsOf<O extends Of>(...sources: readonly O[]): readonly (NumberFigure<O> & { column: string })[] {
  return sources
    .flatMap((of): readonly Listed[] => figuresOf(of))
    .filter((figure): figure is NumberFigure<O> & { column: string } => figure.column !== undefined);
}
type NumberFigure<O extends Of> = Extract<Listed, { of: O; kind: 'number' | 'integer' }>;
/** Their values, by id. */
export type FiguresOf<O extends Of> = ValuesOf<Extract<Listed, { of: O }>>;
export type FigureId = Listed['id'];
export type { MaskPrefix, Range, Unit } from './figure.ts';
