import { expect, test } from 'vitest';
import { gpuNotice, type Told } from '../../../src/comparison/gpuNotice.ts';
import type { GpuReport } from '../../../src/protocol/gpu.ts';

const report = (change: Partial<GpuReport>): GpuReport =>
  ({ requested: 'auto', chosen: 'cpu', why: 'No GPU was found.', ...change }) as GpuReport;

test('no GPU is said once a machine, and again only for another reason', () => {
  const values = new Map<string, unknown>();
  const told: Told = { get: (key) => values.get(key), update: async (key, value) => void values.set(key, value) };
  expect(gpuNotice(report({}), told)).toBe(
    'No GPU was found. The CPU computes: the figures are the same, large models take longer.',
  );
  expect(gpuNotice(report({}), told)).toBeNull();
  expect(gpuNotice(report({ why: 'The engine crashed during GPU work.' }), told)).toContain('crashed');
  expect(gpuNotice(report({ requested: 'cpu', why: 'x' }), told)).toBeNull();
  expect(gpuNotice(report({ chosen: 'gpu', why: 'y' }), told)).toBeNull();
});
