import { describe, expect, it } from 'vitest';
import type { CheckpointFacts, TensorStatistics } from '../../../../src/protocol/engine.ts';
import { packFacts } from '../../../../src/protocol/packedFacts.ts';
import { Finder } from '../../../../webview/inspector/finder.ts';
import { InspectorModel } from '../../../../webview/inspector/model.ts';
import { headerProblems, foundProblems } from '../../../../webview/inspector/problem-list.ts';
import { INITIAL_UI, isFolded, type Ui } from '../../../../webview/inspector/ui.ts';
import { tensorRow } from './tensor-row.ts';

/** `count` layers of one module, whose standard deviations are given. */
function opened(stds: readonly number[], facts: Partial<CheckpointFacts> = {}): InspectorModel {
  const model = new InspectorModel();
  const tensors = stds.map((_, layer) => tensorRow(`model.layers.${layer}.mlp.up_proj.weight`));
  const whole = { tensors, problems: [], metadata: {}, dtypes: { BF16: stds.length }, sizeBytes: 1, ...facts };
  model.receive({ type: 'facts', facts: packFacts(whole as unknown as CheckpointFacts), baseSelected: null });
  const values = stds.map((std, i) => ({ name: tensors[i]?.name, stats: { std, nan: 0, inf: 0, absMax: 1 } }));
  model.receive({ type: 'statistics', values: values as TensorStatistics[] });
  return model;
}
function finderOf(model: InspectorModel, ui: Partial<Ui>): Finder {
  const finder = new Finder(
    model,
    () => ({ ...INITIAL_UI, ...ui }),
    () => undefined,
  );
  finder.update();
  return finder;
}
/** Seven alike, and five that stand apart, the last of them farthest. */
const STDS = [1, 1.01, 0.99, 1.02, 0.98, 1.005, 0.995, 3, 4, 5, 6, 7];
const names = (finder: Finder): number[] =>
  finder.lines.flatMap((line) => (line.kind === 'tensor' ? [line.row.tensor.layer ?? -1] : []));

describe('outliers', () => {
  it('are the three that stand farthest apart, the worst first, and the others on request', () => {
    const model = opened(STDS);
    const short = finderOf(model, { outliers: true, metric: 'std' });
    expect(names(short)).toEqual([11, 10, 9]);
    expect(short.moreOutliers).toBe((short.outliers?.found.length ?? 0) - 3);
    expect(short.moreOutliers).toBeGreaterThan(0);
    const whole = finderOf(model, { outliers: true, everyOutlier: true, metric: 'std' });
    expect(names(whole)).toHaveLength(whole.outliers?.found.length ?? 0);
    expect(whole.moreOutliers).toBe(0);
  });
  it('before any spectrum are those of what has been read', () => {
    const finder = finderOf(opened(STDS), { outliers: true, metric: 'stableRank' });
    expect(finder.lines).toEqual([]);
    expect(finder.wanting?.unknown).toHaveLength(STDS.length);
    const [first] = finder.figuresAtHand();
    expect(first?.metric.id).toBe('std');
    expect(first?.judged).toBe(STDS.length);
    expect(first?.found).toBeGreaterThan(2);
    expect(finderOf(opened([]), { outliers: true }).figuresAtHand()).toEqual([]);
  });
});

describe('the page', () => {
  it('folds the list while values or a picture are shown, until it is wanted beside them', () => {
    expect(isFolded(INITIAL_UI)).toBe(false);
    expect(isFolded({ ...INITIAL_UI, tab: 'picture' })).toBe(true);
    expect(isFolded({ ...INITIAL_UI, tab: 'picture', beside: true })).toBe(false);
  });
  it('does not say as a problem what the banner of a shard says', () => {
    const problems = ['other-files', 'overlap'].map((code) => ({ severity: 'info' as const, code, message: code }));
    const codes = (facts: Partial<CheckpointFacts>): number =>
      headerProblems(opened([1], { problems, ...facts })).length;
    expect(codes({})).toBe(2);
    expect(codes({ whole: '/models/model.safetensors.index.json' })).toBe(1);
    expect(foundProblems(opened([1], { problems, whole: '/w' })).map(({ message }) => message)).toEqual(['overlap']);
  });
});
