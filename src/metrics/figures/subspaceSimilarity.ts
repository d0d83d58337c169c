/**
 * norm_F(V_K(i)' V_K(j))^2 / K, V_K the leading K = min(16, q) right singular vectors of D; chance K / n. Null if the numerical rank of a
 * D is under K. Along a run: of each step's update with the last one's.
 */
import { agreementFigure, pathFigure, type Overlap } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { relative, rounded } from '../tolerance.ts';

/** K, or q if that is less. */
export const SUBSPACE_RANK = 16;

/** Of two sets of `rank` orthonormal vectors, [n, rank] row-major both. */
export function overlapOf(one: ArrayLike<number>, other: ArrayLike<number>, rank: number): Overlap {
  let energy = 0;
  for (let i = 0; i < rank; i++)
    for (let j = 0; j < rank; j++) {
      let inner = 0;
      for (let row = 0; row < one.length; row += rank) inner += (one[row + i] as number) * (other[row + j] as number);
      energy += inner * inner;
    }
  return { energy, rank };
}
/** What two random subspaces of R^n share. */
export function chanceOverlap(rank: number, n: number): Overlap {
  return { energy: (rank * rank) / n, rank };
}
/** At most 1, which rounding may pass. */
export const shareOf = (overlap: Overlap | null): number | null =>
  overlap && overlap.rank > 0 ? Math.min(1, overlap.energy / overlap.rank) : null;

const common = {
  group: 'agreement',
  unit: 'share',
  range: [0, 1],
  scale: { kind: 'lin', lo: 0, hi: 1 },
} as const;
const similarity = {
  ...common,
  nullable: true,
  beside: { id: 'subspaceChance', as: 'null' },
  tolerance: relative(1e-3),
} as const;
const chance = {
  ...common,
  kind: 'number',
  nullable: true,
  label: say('Directions shared by chance'),
  sentence: say('What two random subspaces of that size share.'),
  tolerance: rounded,
} as const;

export const SUBSPACE_SIMILARITY = [
  agreementFigure({
    ...similarity,
    id: 'subspaceSimilarity',
    kind: 'number',
    column: 'directions',
    label: say('Shared directions'),
    sentence: say('How much of the leading 16 input directions of one update lies in those of the other.'),
    compute: ({ similarity: found }) => shareOf(found),
  }),
  agreementFigure({ ...chance, id: 'subspaceChance', compute: (source) => shareOf(source.chance) }),
] as const;

export const PATH_SIMILARITY = [
  pathFigure({
    ...similarity,
    group: 'path',
    id: 'subspaceSimilarity',
    kind: 'series',
    nullable: false,
    label: say('Directions shared with the last step'),
    sentence: say('How much of the leading 16 input directions of a step’s update lies in those of the last one.'),
    compute: ({ similarity: found }) => found.map(shareOf),
  }),
  pathFigure({ ...chance, group: 'path', id: 'subspaceChance', compute: (source) => shareOf(source.chance) }),
] as const;
