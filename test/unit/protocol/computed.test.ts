import { describe, expect, test } from 'vitest';
import { computedElsewhere, numberRanges } from '../../../src/protocol/computed.ts';
import type { ComparisonTensor } from '../../../src/protocol/results.ts';
import { elsewhereText } from '../../../webview/comparison/backend.ts';

const tensor = (layer: number | null, computedOn?: 'cpu' | 'gpu'): ComparisonTensor =>
  ({ name: `t${layer}`, layer, ...(computedOn && { computedOn }) }) as ComparisonTensor;
const gpu = { kind: 'gpu', name: 'Test Card', precision: 'float32', threads: 2 } as const;

describe('where a comparison was computed', () => {
  test('all on one: nothing to say', () => {
    const tensors = [tensor(0, 'gpu'), tensor(1, 'gpu'), tensor(2)];
    expect(computedElsewhere(tensors, 'gpu')).toEqual([]);
    expect(elsewhereText(gpu, tensors)).toBe('');
  });
  test('the layers that another backend took over, each once and in order', () => {
    const tensors = [
      tensor(5, 'cpu'),
      tensor(4, 'cpu'),
      tensor(4, 'cpu'),
      tensor(0, 'cpu'),
      tensor(6, 'cpu'),
      tensor(1, 'gpu'),
    ];
    expect(computedElsewhere(tensors, 'gpu')).toEqual([{ kind: 'cpu', matrices: 5, layers: [0, 4, 5, 6] }]);
    expect(elsewhereText(gpu, tensors)).toBe('; layers 0, 4–6 on the CPU');
    expect(elsewhereText(gpu, [tensor(3, 'cpu')])).toBe('; layer 3 on the CPU');
  });
  test('outside the layers matrices are counted', () => {
    expect(elsewhereText(gpu, [tensor(null, 'cpu')])).toBe('; 1 matrix on the CPU');
  });
  test('ranges of numbers', () => {
    expect(numberRanges([])).toBe('');
    expect(numberRanges([0, 1, 3, 5, 6, 7])).toBe('0, 1, 3, 5–7');
  });
});
