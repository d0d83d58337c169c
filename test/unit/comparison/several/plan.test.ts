/** What the page of several checkpoints is told before anything is computed. */
import { describe, expect, it } from 'vitest';
import { severalPlan } from '../../../../src/comparison/several/plan.ts';
import { MOST_LINES } from '../../../../src/protocol/forPage.ts';
import type { Problem } from '../../../../src/protocol/results.ts';
import { comparisonPlan, plannedPair } from '../../makers.ts';

const problem = (message: string, severity: Problem['severity'] = 'warning'): Problem => ({
  ...{ severity, message, code: 'missing-shard' },
});
const plan = (names: string[], problems: Problem[] = []): ReturnType<typeof comparisonPlan> =>
  comparisonPlan(
    names.map((name) => plannedPair(name)),
    { problems },
  );

describe('several comparisons of one base', () => {
  it('say of each tensor which runs lack it', () => {
    const { tensors } = severalPlan([plan(['a', 'b']), plan(['b', 'c'])], ['rl', 'sft']);
    expect(tensors.map(({ name, lacking }) => [name, lacking])).toEqual([
      ['a', [1]],
      ['b', undefined],
      ['c', [0]],
    ]);
  });
  it("name the base's problems once, and a run's with its name", () => {
    const { problems, moreProblems } = severalPlan(
      [
        plan(['a'], [problem('of the base'), problem('of two')]),
        plan(['a'], [problem('of the base'), problem('of two')]),
        plan(['a'], [problem('of the base'), problem('of one')]),
      ],
      ['rl', 'rl-hot', 'sft'],
    );
    expect(problems.map(({ message }) => message)).toEqual(['of the base', 'rl, rl-hot: of two', 'sft: of one']);
    expect(moreProblems).toBe(0);
  });
  it('of more problems than a page shows the worst ones, and how many the others are', () => {
    const many = Array.from({ length: MOST_LINES }, (_, i) => problem(`note ${i}`, 'info'));
    const { problems, moreProblems } = severalPlan([plan(['a'], [...many, problem('broken', 'error')])], ['rl']);
    expect(problems[0]?.message).toBe('broken');
    expect([problems.length, moreProblems]).toEqual([MOST_LINES, 1]);
  });
});
