/** Where a comparison was computed, in words: one backend, or which layers ran elsewhere. */
import { computedElsewhere, numberRanges } from '../../src/protocol/computed.ts';
import type { BackendInfo, ComparisonTensor } from '../../src/protocol/results.ts';
import { plural, t } from '../shared/l10n.ts';

const KINDS: Record<BackendInfo['kind'], string> = { cpu: t('CPU'), gpu: t('GPU'), reference: t('Reference') };
export const backendWord = (kind: BackendInfo['kind']): string => KINDS[kind];

/** "CPU, float64"; "GPU, NVIDIA Geforce RTX 4090". The rest is in the tooltip. */
export function backendText({ kind, name, precision }: BackendInfo): string {
  // what follows is the driver's version, or the parts that are computed otherwise
  const detail = kind === 'gpu' ? name.split(/[:(]/)[0] : precision.split(',')[0];
  return `${KINDS[kind]}, ${detail?.trim() ?? ''}`;
}

/** "; layers 3, 5–7 on the CPU", empty if all was computed on one. */
export function elsewhereText({ kind }: BackendInfo, tensors: Iterable<ComparisonTensor>): string {
  return computedElsewhere(tensors, kind)
    .map(({ kind: other, matrices, layers }) =>
      layers.length
        ? plural(
            layers.length,
            '; layer {1} on the {2}',
            '; layers {1} on the {2}',
            layers.length,
            numberRanges(layers),
            KINDS[other],
          )
        : plural(matrices, '; {0} matrix on the {1}', '; {0} matrices on the {1}', matrices, KINDS[other]),
    )
    .join('');
}

/** Everything of it, the lines of the tooltip. */
export function backendTitle(backend: BackendInfo, tensors: Iterable<ComparisonTensor>): string[] {
  const lines = [`${backend.name}, ${backend.precision}`, t('{0} threads', backend.threads)];
  for (const { kind, matrices } of computedElsewhere(tensors, backend.kind))
    lines.push(plural(matrices, '{0} matrix on the {1}', '{0} matrices on the {1}', matrices, KINDS[kind]));
  return lines;
}
