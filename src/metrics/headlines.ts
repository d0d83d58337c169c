/**
 * The figures by which a comparison is told in a line or on a card: which figures of the catalog, turned which way, beside what, and how
 * those of several matrices are put together. The page's cards, the hovers of text editors, the command line and the assistant read them.
 */
import { greatest, meanOf } from '../protocol/lists.ts';
import type { Unit } from './figure.ts';
import { say, type Text } from '../protocol/say.ts';
import { energySaid, maskSaid, type Figures, type Said } from './verdict.ts';

/** Of one matrix, or of noise of the same size in its place; null without a value. */
type Reading = (m: Figures) => number | null;
export interface Reference {
  /** in a table's head: "off-principal / null" */
  as: 'null' | 'isotropic' | 'limit';
  /** "step noise" */
  label: Text;
  of: Reading;
}
export interface Headline {
  /** on its own, as the head of a row */
  label: Text;
  /** head of its column, and its name in the assistant's texts */
  column: string;
  unit: Unit;
  of: Reading;
  /** what it is read against, the most telling first */
  beside: readonly Reference[];
  /** least and greatest that are attainable */
  attainable?: readonly [Reading, Reading];
  /** how the values of several matrices make one */
  together: 'mean' | 'largest';
  /** what may be said of one matrix */
  said?: (m: Figures) => Said;
}

type NumberId = { [Id in keyof Figures]-?: Figures[Id] extends number | null | undefined ? Id : never }[keyof Figures];
const as =
  (id: NumberId): Reading =>
  (m) =>
    m[id] ?? null;
/** What is left of 1: a share inside becomes the share outside. */
const restOf =
  (of: Reading): Reading =>
  (m) => {
    const value = of(m);
    return value === null ? null : 1 - value;
  };
/** The larger of two sides; null if one has none. */
const larger =
  (left: Reading, right: Reading): Reading =>
  (m) => {
    const [a, b] = [left(m), right(m)];
    return a === null || b === null ? null : Math.max(a, b);
  };
const end =
  (at: 0 | 1): Reading =>
  ({ principalRange: range }) =>
    range ? range[at] : null;

/** Which of the changed weights lie outside the principal mask. */
export const OFF_MASK: Headline = {
  label: say('Off-principal, which weights changed'),
  column: 'off-principal',
  unit: 'share',
  of: restOf(as('principalOverlap')),
  beside: [
    { as: 'null', label: say('Gaussian noise'), of: restOf(as('principalNull')) },
    { as: 'null', label: say('step noise'), of: restOf(as('principalNullStep')) },
    { as: 'null', label: say('proportional noise'), of: restOf(as('principalNullProportional')) },
  ],
  attainable: [restOf(end(1)), restOf(end(0))],
  together: 'mean',
  said: maskSaid,
};
/** How much of the update's energy lies outside the leading block. */
export const OFF_ENERGY: Headline = {
  label: say('Off-principal, where the update points'),
  column: 'off-principal energy',
  unit: 'share',
  of: restOf(as('jointEnergy')),
  beside: [{ as: 'isotropic', label: say('isotropic'), of: restOf(as('jointEnergyBaseline')) }],
  attainable: [() => 0, () => 1],
  together: 'mean',
  said: energySaid,
};
export const SHIFT: Headline = {
  label: say('Spectrum shift (NSS)'),
  column: 'NSS',
  unit: 'share',
  of: as('nss'),
  beside: [{ as: 'limit', label: say('limit'), of: as('relativeUpdate') }],
  attainable: [() => 0, as('relativeUpdate')],
  together: 'mean',
};
export const LARGEST_ANGLE: Headline = {
  label: say('Largest angle'),
  column: 'largest angle',
  unit: 'degrees',
  of: larger(as('angleUMax'), as('angleVMax')),
  beside: [],
  attainable: [() => 0, () => 90],
  together: 'largest',
};
export const HEADLINES: readonly Headline[] = [OFF_MASK, OFF_ENERGY, SHIFT, LARGEST_ANGLE];

export interface Told {
  value: number | null;
  /** one a reference */
  beside: (number | null)[];
  attainable: [number | null, number | null] | null;
  /** of noise of the same size; null without a twin */
  twin: number | null;
  /** matrices that have a value, and that have none */
  count: number;
  nulls: number;
}
/** Of one matrix or several. References and ends are means over the matrices that have the value itself. */
export function toldOf(headline: Headline, matrices: readonly Figures[]): Told {
  const { of, beside, attainable, together } = headline;
  const withValue = matrices.filter((m) => of(m) !== null);
  const twins = matrices.flatMap(({ twin }) => twin ?? []);
  const put = together === 'mean' ? meanOf : largestOf;
  const mean = (reading: Reading): number | null => meanOf(withValue.map(reading));
  return {
    value: put(withValue.map(of)),
    beside: beside.map((reference) => mean(reference.of)),
    attainable: attainable ? [mean(attainable[0]), mean(attainable[1])] : null,
    twin: put(twins.map(of)),
    count: withValue.length,
    nulls: matrices.length - withValue.length,
  };
}

function largestOf(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length ? greatest(present) : null;
}
