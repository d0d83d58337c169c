import { describe, expect, it } from 'vitest';
import { arrange } from '../../../src/explorer/arrange.ts';

const arranged = (...paths: string[]) =>
  arrange(
    '/w',
    paths.map((path) => `/w/${path}`),
  ).map((entry) => (entry.kind === 'run' ? [entry.name, entry.steps.map(({ step }) => step)] : entry.name));

describe('the checkpoints of a folder', () => {
  it('by themselves are called by their folder, or by their file if that says more', () => {
    expect(arranged('base/model.safetensors', 'pair/tuned.safetensors', 'model.safetensors.index.json')).toEqual([
      'base',
      'pair/tuned.safetensors',
      'w',
    ]);
  });

  it('that are steps are one run, in the order of their numbers, wherever their files lie', () => {
    expect(
      arranged(
        'base/model.safetensors',
        'run/checkpoint-1000/model.safetensors',
        'run/checkpoint-500/model.safetensors',
        'verl/global_step_20/actor/model.safetensors',
        'z.safetensors',
      ),
    ).toEqual(['base', ['run', [500, 1000]], ['verl', [20]], 'z.safetensors']);
  });

  it('of the top folder are a run of its name', () => {
    expect(arranged('step-3/model.safetensors', 'step-12/model.safetensors')).toEqual([['w', [3, 12]]]);
  });

  it('are no steps because of a folder above', () => {
    expect(arrange('/runs/step-5', ['/runs/step-5/model.safetensors'])).toEqual([
      { kind: 'checkpoint', path: '/runs/step-5/model.safetensors', name: 'step-5' },
    ]);
  });
});
