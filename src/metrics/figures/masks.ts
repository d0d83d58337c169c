/**
 * Which weights changed (PNT 4.2): the share of the changed weights inside each mask, beside what three kinds of noise give and what is
 * attainable at this density. The arithmetic is in ../alignment.ts; weights that are 0 in W0 are left out.
 */
import type { MaskFigures } from '../alignment.ts';
import { updateFigure, type Group, type MaskPrefix, type UpdateSource } from '../figure.ts';
import { say, type Text } from '../../protocol/say.ts';
import { absolute, NULL_TOLERANCE, twoHits, weightsOf, type Reference, type Tolerance } from '../tolerance.ts';

const MASKS: Record<MaskPrefix, { name: Text; where: Text; group: Group }> = {
  principal: { name: say('Principal'), where: say('the principal mask'), group: 'principal' },
  low: { name: say('Low-mask'), where: say('the smallest base weights'), group: 'low' },
  principalNotLow: {
    name: say('Principal-not-low'),
    where: say('the principal mask without the smallest base weights'),
    group: 'principalNotLow',
  },
};

/** Two hits and the tolerance of the null, over the room on the overlap's side; either side, if they may decide which one it is. */
const position =
  (prefix: MaskPrefix, nullId: string): Tolerance =>
  (expected, reference) => {
    const overlap = reference.number(`${prefix}Overlap`);
    const at = reference.number(nullId);
    const [min = NaN, max = NaN] = reference.list(`${prefix}Range`);
    const shift = twoHits(reference) + NULL_TOLERANCE;
    const [above, below] = [max - at, at - min];
    const near = Math.abs(overlap - at) < shift;
    const room = near ? Math.min(above, below) : overlap > at ? above : below;
    return (shift * (1 + Math.abs(expected))) / room;
  };
const hits: Tolerance = (_, reference) => twoHits(reference);
/** Two hits of the weights of the mask: its size over all weights is the proportional null. */
const hitsOfMask = (prefix: MaskPrefix, reference: Reference): number =>
  2 / (reference.number(`${prefix}NullProportional`) * weightsOf(reference));

/** The density of the third mask is not a figure: METRICS.md. */
const density = <const P extends 'principal' | 'low'>(prefix: P) =>
  updateFigure({
    id: `${prefix}Density` as const,
    kind: 'number',
    nullable: true,
    group: MASKS[prefix].group,
    unit: 'share',
    range: [0, 1],
    scale: { kind: 'lin', lo: 0, hi: 1 },
    beside: { id: 'updateDensity', as: 'null' },
    label: say('{0} density', MASKS[prefix].name),
    sentence: say('Share of the weights of {0} that changed. Read it beside the update density.', MASKS[prefix].where),
    tolerance: (_, reference) => hitsOfMask(prefix, reference),
    compute: ({ masks }: UpdateSource) => masks?.[prefix].density ?? null,
  });

const mask = <const P extends MaskPrefix>(prefix: P) => {
  const { name, where, group } = MASKS[prefix];
  const common = { kind: 'number', nullable: true, group } as const;
  const share = { ...common, unit: 'share', range: [0, 1], scale: { kind: 'lin', lo: 0, hi: 1 } } as const;
  const of = ({ masks }: UpdateSource): MaskFigures | null => masks && masks[prefix];
  const nullFigure = <const N extends 'Null' | 'NullStep' | 'NullProportional'>(
    kind: N,
    label: Text,
    sentence: Text,
    value: (figures: MaskFigures) => number | null,
  ) =>
    updateFigure({
      ...share,
      id: `${prefix}${kind}` as const,
      label,
      sentence,
      tolerance: absolute(NULL_TOLERANCE),
      compute: (source: UpdateSource) => {
        const figures = of(source);
        return figures && value(figures);
      },
    });
  const positionFigure = <const N extends 'Position' | 'PositionStep' | 'PositionProportional'>(
    kind: N,
    nullId: string,
    label: Text,
    sentence: Text,
    value: (figures: MaskFigures) => number | null,
  ) =>
    updateFigure({
      ...common,
      id: `${prefix}${kind}` as const,
      unit: 'number',
      range: [-1, 1],
      scale: { kind: 'div', hi: 1 },
      label,
      sentence,
      tolerance: position(prefix, nullId),
      compute: (source: UpdateSource) => {
        const figures = of(source);
        return figures && value(figures);
      },
    });
  return [
    updateFigure({
      ...share,
      id: `${prefix}Overlap` as const,
      beside: { id: `${prefix}Null`, as: 'null' },
      label: say('{0} overlap', name),
      sentence: say('Share of the changed weights that lie in {0}. Says nothing without what noise gives.', where),
      tolerance: hits,
      compute: (source: UpdateSource) => of(source)?.overlap ?? null,
    }),
    nullFigure(
      'Null',
      say('{0} Gaussian noise', name),
      say('The same share under Gaussian noise of the observed density.'),
      (figures) => figures.null,
    ),
    nullFigure(
      'NullStep',
      say('{0} step noise', name),
      say('The same share if every weight moves by one step of random sign.'),
      (figures) => figures.nullStep,
    ),
    nullFigure(
      'NullProportional',
      say('{0} proportional noise', name),
      say('The same share under noise proportional to each weight: the mask’s own fraction of the weights.'),
      (figures) => figures.nullProportional,
    ),
    updateFigure({
      id: `${prefix}Range` as const,
      kind: 'range',
      nullable: true,
      group,
      unit: 'share',
      range: [0, 1],
      scale: { kind: 'lin', lo: 0, hi: 1 },
      label: say('{0} overlap', name),
      sentence: say('What is attainable at this update density and mask size.'),
      tolerance: hits,
      compute: (source: UpdateSource) => of(source)?.range ?? null,
    }),
    updateFigure({
      ...common,
      id: `${prefix}Lift` as const,
      unit: 'factor',
      range: [0, null],
      scale: { kind: 'log1', hi: 2 },
      label: say('{0} overlap / noise', name),
      sentence: say('Share of the changed weights in {0}, over what Gaussian rounding noise gives. 1 is noise.', where),
      tolerance: (expected, reference) =>
        (twoHits(reference) + expected * NULL_TOLERANCE) / reference.number(`${prefix}Null`),
      compute: (source: UpdateSource) => of(source)?.lift ?? null,
    }),
    updateFigure({
      ...common,
      id: `${prefix}Z` as const,
      unit: 'number',
      range: [null, null],
      scale: { kind: 'div', hi: 25 },
      label: say('{0} z against noise', name),
      sentence: say('Assumes independent changes of one scale; overstates structured updates. Never read alone.'),
      // what two hits make of z, or 2 %
      tolerance: (expected, reference) => Math.max(2 / reference.number(`${prefix}Sd`), 0.02 * Math.abs(expected)),
      compute: (source: UpdateSource) => of(source)?.z ?? null,
    }),
    positionFigure(
      'Position',
      `${prefix}Null`,
      say('{0} position, Gaussian noise', name),
      say('Where the overlap lies between Gaussian noise (0) and what is attainable (−1, 1).'),
      (figures) => figures.position,
    ),
    positionFigure(
      'PositionStep',
      `${prefix}NullStep`,
      say('{0} position, step noise', name),
      say('Where the overlap lies between step noise (0) and what is attainable (−1, 1).'),
      (figures) => figures.positionStep,
    ),
    positionFigure(
      'PositionProportional',
      `${prefix}NullProportional`,
      say('{0} position, proportional noise', name),
      say('Where the overlap lies between proportional noise (0) and what is attainable (−1, 1).'),
      (figures) => figures.positionProportional,
    ),
  ] as const;
};
export const MASK_FIGURES = [
  ...mask('principal'),
  density('principal'),
  ...mask('low'),
  density('low'),
  ...mask('principalNotLow'),
] as const;
