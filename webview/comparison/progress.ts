/** How far the work is: a line of two pixels that is always there, and the words at the end of the answer. */
import type { TemplateResult } from 'lit';
import { integer } from '../shared/format.ts';
import { t } from '../shared/l10n.ts';
import { progressLine, timeLeft } from '../shared/progress-line.ts';
import type { ComparisonModel } from './model.ts';
import { define, ViewElement } from './view.ts';

class ProgressLine extends ViewElement {
  protected override render(): TemplateResult {
    const { state } = this.view.model;
    const isBusy = state?.phase === 'planning' || (state?.phase === 'running' && !state.progress);
    const { done = 0, total = 0 } = state?.phase === 'running' ? (state.progress ?? {}) : {};
    const share = total ? Math.min(1, done / total) : 0;
    return progressLine(isBusy, share);
  }
}
define('ox-progress', ProgressLine);

/** What is being computed, in a sentence; null if nothing is. */
export function progressText(model: Pick<ComparisonModel, 'state' | 'matrices' | 'finished'>): string | null {
  const { state, matrices } = model;
  if (state?.phase === 'cancelled') {
    const [done, all] = [integer(model.finished), integer(matrices.length)];
    return state.parameters.spectra === 'leading'
      ? t('Cancelled: the direction of {0} of {1} matrices. Everything computed stays.', done, all)
      : t('Cancelled: direction and spectrum of {0} of {1} matrices. Everything computed stays.', done, all);
  }
  if (state?.phase !== 'running') return null;
  const { progress } = state;
  if (!progress) return t('Starting the engine.');
  const [done, total, left] = [integer(progress.done), integer(progress.total), timeLeft(progress.secondsLeft)];
  if (progress.phase === 'change')
    return left === null
      ? t('Comparing the weights: {0} of {1} tensors so far.', done, total)
      : t('Comparing the weights: {0} of {1} tensors so far, about {2} left.', done, total, left);
  if (progress.phase === 'alignment')
    return left === null
      ? t('Where it points: {0} of {1} matrices so far.', done, total)
      : t('Where it points: {0} of {1} matrices so far, about {2} left.', done, total, left);
  return left === null
    ? t('Direction and spectrum: {0} of {1} matrices so far.', done, total)
    : t('Direction and spectrum: {0} of {1} matrices so far, about {2} left.', done, total, left);
}
