import { describe, expect, test } from 'vitest';
import { shortNames, shortNamesOf, titlesOf } from '../../../src/text/shortNames.ts';

describe('shortNames', () => {
  test.each([
    ['/s/samples/base/model.safetensors', '/s/samples/rl/model.safetensors', 'base', 'rl'],
    ['/s/base/model.safetensors', '/s/rl-lora/adapter_model.safetensors', 'base', 'rl-lora'],
    ['/s/llama/model.safetensors.index.json', '/t/llama/model.safetensors', 's', 't'],
    ['/runs/a/step-1/model.safetensors', '/runs/a/step-2/model.safetensors', 'step-1', 'step-2'],
    ['/runs/a/step-1/model.safetensors', '/runs/b/step-1/model.safetensors', 'a', 'b'],
    ['/m/one.safetensors', '/m/two.safetensors', 'one', 'two'],
    ['/m', '/m/run', 'm', 'm/run'],
    ['C:\\models\\base\\model.safetensors', 'C:\\models\\rl\\model.safetensors', 'base', 'rl'],
    ['/m/base', '/m/base', 'base', 'base'],
    ['/a/b/c/base@1b192d3/model.safetensors', '/w/models/base/model.safetensors', 'base@1b192d3', 'base'],
    ['/a/b/c/step-1/model.safetensors', '/d/e/step-1/model.safetensors', 'a/b/c', 'd/e'],
  ])('%s and %s', (base, tuned, a, b) => {
    expect(shortNames(base, tuned)).toEqual({ base: a, tuned: b });
  });
});

describe('titlesOf', () => {
  test('a title grows by a folder at a time until the path is whole', () => {
    expect(titlesOf('/m/run2/base/model.safetensors', '/m/run2/rl/model.safetensors')).toEqual([
      'base → rl',
      'run2/base → run2/rl',
      'm/run2/base → m/run2/rl',
    ]);
  });
  test('two comparisons of one name in two folders are told apart by the folder', () => {
    const one = titlesOf('/m/run1/base', '/m/run1/rl');
    const two = titlesOf('/m/run2/base', '/m/run2/rl');
    expect(one[0]).toBe(two[0]);
    expect([one[1], two[1]]).toEqual(['run1/base → run1/rl', 'run2/base → run2/rl']);
  });
});

test('names of several', () => {
  expect(shortNamesOf([])).toEqual([]);
  expect(shortNamesOf(['/s/rl/model.safetensors', '/s/rl-hot', '/s/sft'])).toEqual(['rl', 'rl-hot', 'sft']);
  expect(shortNamesOf(['/a/seed-1/final', '/a/seed-2/final', '/a/seed-3/final'])).toEqual([
    'seed-1',
    'seed-2',
    'seed-3',
  ]);
  expect(shortNamesOf(['/a/x', '/a/x', '/a/y'])).toEqual(['x', 'x', 'y']);
  expect(shortNamesOf(['/a/x'])).toEqual(['x']);
});
