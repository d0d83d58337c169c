/**
 * The power law of the tail of l = s^2, as WeightWatcher fits it (../powerLaw.ts), over the s_i > tol; null under ten of them. alphaHat is
 * a * log10(l_max), logAlphaNorm is log10(sum l^a).
 */
import { spectrumFigure } from '../figure.ts';
import { say } from '../../protocol/say.ts';
import { absolute, relative } from '../tolerance.ts';

const ALPHA_TOLERANCE = 0.02;
const common = {
  kind: 'number',
  nullable: true,
  group: 'spectrum',
  unit: 'number',
  range: [null, null],
  scale: null,
} as const;

export const POWER_LAW = [
  spectrumFigure({
    ...common,
    id: 'powerLawAlpha',
    label: say('Power-law exponent'),
    short: say('Exponent'),
    sentence: say('Exponent a of the fit to the tail of σ² (WeightWatcher’s method).'),
    tolerance: absolute(ALPHA_TOLERANCE),
    column: 'alpha',
    compute: ({ fit }) => fit && fit.alpha,
  }),
  spectrumFigure({
    ...common,
    id: 'powerLawXmin',
    label: say('Power-law start'),
    short: say('Fitted from σ²'),
    sentence: say('The σ² from which the power law is fitted.'),
    // an eigenvalue s^2: twice the relative error of a value of at least s1/100
    tolerance: relative(2e-4),
    compute: ({ fit }) => fit && fit.xmin,
  }),
  spectrumFigure({
    ...common,
    id: 'powerLawD',
    label: say('Power-law distance'),
    short: say('Fit distance'),
    sentence: say('Kolmogorov–Smirnov distance of the fit: 0 is perfect.'),
    tolerance: absolute(1e-3),
    compute: ({ fit }) => fit && fit.distance,
  }),
  spectrumFigure({
    ...common,
    id: 'alphaHat',
    label: say('Weighted exponent α̂'),
    short: say('α̂'),
    sentence: say('Exponent times log₁₀ of the largest σ².'),
    // alpha's tolerance times log10 of the largest eigenvalue
    tolerance: (expected, reference) => ALPHA_TOLERANCE * Math.abs(expected / reference.number('powerLawAlpha')) + 1e-4,
    compute: ({ fit }) => fit && fit.alphaHat,
  }),
  spectrumFigure({
    ...common,
    id: 'logAlphaNorm',
    label: say('Log α-norm'),
    sentence: say('log₁₀ of the sum of (σ²) to the exponent.'),
    // the same times a mean of the logarithms, which 1 covers
    tolerance: (_, reference) =>
      ALPHA_TOLERANCE * (1 + Math.abs(reference.number('alphaHat') / reference.number('powerLawAlpha'))),
    compute: ({ fit }) => fit && fit.logAlphaNorm,
  }),
] as const;
