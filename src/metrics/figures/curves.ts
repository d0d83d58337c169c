/**
 * Where in the base's spectrum the update lies (arXiv 2512.23165): share of norm_F(D)^2 within its leading j left, right singular
 * directions, for j = 1, 2, 4, ... and k; an isotropic update has j/m, j/n. What is above k is the rest. Null if D = 0, and if
 * s_k(W0) <= tol: then the directions are not determined.
 */
import { updateFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { CLOSE_TOLERANCE, exact } from '../tolerance.ts';

/** 1, 2, 4, ... below k, and k. */
export function curveRanks(k: number): number[] {
  const ranks: number[] = [];
  for (let j = 1; j < k; j *= 2) ranks.push(j);
  return [...ranks, k];
}

const common = {
  kind: 'profile',
  nullable: true,
  group: 'energy',
  unit: 'share',
  range: [0, null],
  scale: { kind: 'lin', lo: 0, hi: 1 },
  tolerance: CLOSE_TOLERANCE,
  aggregate: 'none',
} as const;

/** `directions`: of one side, norm(u_i' D)^2. */
function shares(directions: Float64Array | undefined, updateSquared: number): number[] | null {
  if (!directions) return null;
  return curveRanks(directions.length).map(
    (j) => directions.subarray(0, j).reduce((sum, x) => sum + x, 0) / updateSquared,
  );
}

export const CURVES = [
  updateFigure({
    ...common,
    id: 'curveRanks',
    unit: 'count',
    range: [1, null],
    scale: null,
    label: say('Ranks of the energy curves'),
    sentence: say('The numbers of leading directions that the curves stand at.'),
    tolerance: exact,
    compute: ({ moved }) => (moved?.directions ? curveRanks(moved.directions.left.length) : null),
  }),
  updateFigure({
    ...common,
    id: 'leftEnergyCurve',
    label: say('Energy within the leading left directions'),
    sentence: say(
      'Share of the update’s energy within the leading j left singular directions of the base; isotropic j/m.',
    ),
    compute: ({ moved, updateSquared }) => shares(moved?.directions?.left, updateSquared),
  }),
  updateFigure({
    ...common,
    id: 'rightEnergyCurve',
    label: say('Energy within the leading right directions'),
    sentence: say(
      'Share of the update’s energy within the leading j right singular directions of the base; isotropic j/n.',
    ),
    compute: ({ moved, updateSquared }) => shares(moved?.directions?.right, updateSquared),
  }),
] as const;
