import { expect, it } from 'vitest';
import { STEP_NAMES, stepName } from '../../../src/formats/index.ts';

it.each([
  ['step-100', 100, 'step'],
  ['checkpoint-1500', 1500, 'checkpoint'],
  ['global_step_40', 40, 'globalstep'],
  ['global_step40', 40, 'globalstep'],
  ['iter_0000100', 100, 'iter'],
  ['epoch-3', 3, 'epoch'],
  ['0000100_adapters', 100, 'adapters'],
  ['0000100_adapters.safetensors', 100, 'adapters'],
])('%s is step %i', (name, step, kind) => {
  expect(stepName(name)).toEqual({ step, kind });
});
it.each(['base', 'step-', 'step-1a', 'my-step-100', 'model-00001-of-00002.safetensors', 'adapters.safetensors', ''])(
  '%j tells no step',
  (name) => {
    expect(stepName(name)).toBeNull();
  },
);
it('the names that readers are told are those that tell a step, each of its own kind', () => {
  const kinds = STEP_NAMES.split(/, | or /).map((name) => stepName(name.replace('*', '7'))?.kind);
  expect(kinds).toEqual(['step', 'checkpoint', 'globalstep', 'iter', 'epoch', 'weightv', 'delta', 'adapters']);
});
