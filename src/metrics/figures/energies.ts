/**
 * Where in the base's leading r subspaces the update's energy lies: norm_F(U_r' D V_r)^2, norm_F(U_r' D)^2, norm_F(D V_r)^2, each over
 * norm_F(D)^2, beside an isotropic update's r^2/(m n), r/m, r/n (rounding lowers it by up to 8 % at density 0.05).
 */
import { updateFigure, type UpdateSource } from '../figure.ts';
import { say, type Text } from '../../protocol/say.ts';
import { relative, rounded, SUM_TOLERANCE } from '../tolerance.ts';

export const ENERGY_SIDES = ['joint', 'left', 'right'] as const;
export type EnergySide = (typeof ENERGY_SIDES)[number];

const SIDES: Record<EnergySide, { name: Text; where: Text; isotropic: string; share(source: UpdateSource): number }> = {
  joint: {
    name: say('Joint energy'),
    where: say('the leading r × r block'),
    isotropic: 'r²/(mn)',
    share: ({ rows, columns, maskRank }) => (maskRank * maskRank) / (rows * columns),
  },
  left: {
    name: say('Left energy'),
    where: say('the leading left subspace'),
    isotropic: 'r/m',
    share: ({ rows, maskRank }) => maskRank / rows,
  },
  right: {
    name: say('Right energy'),
    where: say('the leading right subspace'),
    isotropic: 'r/n',
    share: ({ columns, maskRank }) => maskRank / columns,
  },
};

const common = {
  kind: 'number',
  group: 'energy',
  unit: 'share',
  scale: { kind: 'lin', lo: 0, hi: 1 },
} as const;
const energy = <const S extends EnergySide>(side: S) => {
  const { name, where, isotropic, share } = SIDES[side];
  return [
    updateFigure({
      ...common,
      id: `${side}Energy` as const,
      nullable: true,
      range: [0, null],
      beside: { id: `${side}EnergyBaseline`, as: 'isotropic' },
      label: name,
      sentence: say('Share of the update’s energy in {0}. Says nothing without its isotropic share.', where),
      tolerance: relative(SUM_TOLERANCE),
      factor: {
        id: `${side}Ratio`,
        label: say('{0} / isotropic', name),
        sentence: say('Energy of the update in {0}, over the isotropic share {1}.', where, isotropic),
        scale: { kind: 'log1', hi: 64 },
      },
      compute: ({ moved, updateSquared }: UpdateSource) =>
        moved?.energies ? moved.energies[side] / updateSquared : null,
    }),
    updateFigure({
      ...common,
      id: `${side}EnergyBaseline` as const,
      nullable: false,
      range: [0, 1],
      label: say('{0}, isotropic share', name),
      sentence: say('{0}: what an isotropic update would put into {1}.', isotropic, where),
      tolerance: rounded,
      sameForNoise: true,
      compute: share,
    }),
  ] as const;
};
export const ENERGIES = [...energy('joint'), ...energy('left'), ...energy('right')] as const;
