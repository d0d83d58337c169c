/** Why figures of a matrix that ran on the GPU come from the CPU after all. */
import type { Recomputed } from '../../src/protocol/results.ts';
import { t } from './l10n.ts';

/** One line; `what` holds at least one. */
export function recomputedNote(what: readonly Recomputed[]): string {
  return [...new Set(what.map(noteOf))].join(' ');
}

function noteOf(what: Recomputed): string {
  switch (what) {
    case 'nss':
      return t('Singular values recomputed in float64 on the CPU: the change is below what float32 resolves.');
    case 'rank':
      return t('Recomputed in float64 on the CPU: a singular value is too close to the rank threshold for float32.');
    case 'gap':
      return t('Singular values recomputed in float64 on the CPU: the spectral gap is below what float32 resolves.');
    case 'angles':
      return t('Angles recomputed in float64 on the CPU: the update is too small for float32.');
    case 'intruders':
      return t(
        'Recomputed in float64 on the CPU: a leading vector is too close to the limit of an intruder for float32.',
      );
    case 'masks':
      return t('Masks recomputed in float64 on the CPU: entries are too close to the selection threshold.');
  }
}
