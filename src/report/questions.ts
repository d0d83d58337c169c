/** The three questions of a comparison: of each the map of one figure, and a table with the figures of every module beside their noise. Pure. */
import { meanAngle, middle, noiseTimesRandom, shiftOverNoise, timesRandom } from '../answer/noise.ts';
import { relativeUpdate, roundingFloor } from '../answer/size.ts';
import type { Matrix, Subject } from '../answer/subject.ts';
import { OFF_MASK, toldOf } from '../metrics/headlines.ts';
import { degrees, integer, percent, times } from '../protocol/format.ts';
import { greatest } from '../protocol/lists.ts';
import type { MapScale } from './map.ts';

export interface Column {
  head: string;
  /** of the matrices of one module */
  of(matrices: readonly Matrix[]): string;
}
export interface Question {
  question: string;
  /** of the map: the median if a cell has several matrices */
  figure: string;
  scale: MapScale;
  of(matrix: Matrix): number | null | undefined;
  write(value: number): string;
  columns: readonly Column[];
  /** below the table: how its figures are read */
  reading: string;
}

const COUNT: Column = { head: 'matrices', of: (matrices) => integer(matrices.length) };
const median =
  (of: (matrix: Matrix) => number | null | undefined, write: (value: number | null) => string): Column['of'] =>
  (matrices) =>
    write(middle(matrices, of));

function largestUpdate(matrices: readonly Matrix[]): string {
  const size = ({ metrics }: Matrix): number => metrics.relativeUpdate ?? 0;
  const most = greatest(matrices.map(size), 0);
  const at = matrices.find((matrix) => size(matrix) === most);
  if (!at || most === 0) return percent(null);
  const expert = at.expert === null ? '' : `, expert ${at.expert}`;
  return `${percent(most)} (layer ${at.layer}${expert})`;
}

const HOW_MUCH: Question = {
  question: 'How much?',
  figure: 'Relative update, norm of the update over that of the base',
  scale: 'size',
  of: ({ metrics }) => metrics.relativeUpdate,
  write: percent,
  columns: [
    COUNT,
    { head: 'relative update', of: (matrices) => percent(relativeUpdate(matrices)) },
    { head: 'one rounding', of: (matrices) => percent(roundingFloor(matrices)) },
    { head: 'largest', of: largestUpdate },
    { head: 'weights changed, median', of: median(({ metrics }) => metrics.updateDensity, percent) },
  ],
  reading:
    'The relative update is that of all matrices of the module together. One rounding: the relative update that rounding every weight once to the stored type would make.',
};
function whereFigures(hasTwin: boolean): Question {
  const twin: Column = { head: 'noise', of: median(noiseTimesRandom, times) };
  const mask = (at: (told: ReturnType<typeof toldOf>) => number | null | undefined): Column['of'] => {
    return (matrices) =>
      percent(
        at(
          toldOf(
            OFF_MASK,
            matrices.map(({ metrics }) => metrics),
          ),
        ),
      );
  };
  return {
    question: 'Where does it point?',
    figure: "Energy of the update in the base's main directions, × that of a random direction",
    scale: 'factor',
    of: timesRandom,
    write: times,
    columns: [
      COUNT,
      { head: 'in the main directions, × random', of: median(timesRandom, times) },
      ...(hasTwin ? [twin] : []),
      { head: 'off-principal, which weights changed', of: mask(({ value }) => value) },
      { head: 'Gaussian noise', of: mask(({ beside }) => beside[0]) },
      { head: 'step noise', of: mask(({ beside }) => beside[1]) },
    ],
    reading:
      'Medians of the matrices, and means for which weights changed. A random direction is × 1; beside which weights changed stands what noise of two kinds gives after rounding.',
  };
}
function spectrumFigures(hasTwin: boolean): Question {
  const noise = (
    of: (matrix: Pick<Matrix, 'metrics'>) => number | null | undefined,
    write: typeof percent,
  ): Column[] =>
    hasTwin ? [{ head: 'noise', of: median(({ metrics: { twin } }) => (twin ? of(alone(twin)) : null), write) }] : [];
  const shift = ({ metrics }: Pick<Matrix, 'metrics'>): number | null | undefined => metrics.nss;
  const turn = ({ metrics }: Pick<Matrix, 'metrics'>): number | null => meanAngle(metrics);
  return {
    question: 'Did the spectrum move?',
    ...(hasTwin
      ? { figure: 'Spectrum shift (NSS), × noise of the same size', scale: 'factor', of: shiftOverNoise, write: times }
      : { figure: 'Spectrum shift (NSS)', scale: 'size', of: shift, write: percent }),
    columns: [
      COUNT,
      { head: 'spectrum shift (NSS)', of: median(shift, percent) },
      ...noise(shift, percent),
      { head: 'limit', of: median(({ metrics }) => metrics.relativeUpdate, percent) },
      { head: 'turn of the main directions, mean angle', of: median(turn, degrees) },
      ...noise(turn, degrees),
    ],
    reading:
      'Medians of the matrices. The shift is at most the relative update, the limit; an angle is at most 90°.' +
      (hasTwin ? '' : ' What noise of the same size gives was not computed: --twin does.'),
  };
}
/** The figures of a twin stand in the place of the update's. */
const alone = (twin: NonNullable<Matrix['metrics']['twin']>): Pick<Matrix, 'metrics'> => ({
  metrics: { ...twin, base: {}, tuned: {} },
});

export const questionsOf = ({ hasTwin }: Pick<Subject, 'hasTwin'>): Question[] => [
  HOW_MUCH,
  whereFigures(hasTwin),
  spectrumFigures(hasTwin),
];
