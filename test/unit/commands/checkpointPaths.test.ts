import { describe, expect, test } from 'vitest';
import {
  checkpointOfFile,
  checkpointsOfFolder,
  groupCheckpoints,
  stepOfPath,
} from '../../../src/commands/checkpointPaths.ts';

const sharded = [
  'model.safetensors.index.json',
  'model-00001-of-00002.safetensors',
  'model-00002-of-00002.safetensors',
  'config.json',
];

describe('groupCheckpoints', () => {
  test('shards go by their index, other files stay', () => {
    const paths = [...sharded.map((name) => `/m/a/${name}`), '/m/b/model.safetensors', '/m/b/notes.json'];
    expect(groupCheckpoints(paths)).toEqual(['/m/a/model.safetensors.index.json', '/m/b/model.safetensors']);
  });
  test('shards without an index are still there to choose', () => {
    expect(groupCheckpoints(['/m/x-00001-of-00002.safetensors', '/m/x-00002-of-00002.safetensors'])).toHaveLength(2);
  });
  test('numbers sort as numbers', () => {
    const paths = ['/r/step-100/model.safetensors', '/r/step-20/model.safetensors'];
    expect(groupCheckpoints(paths)).toEqual([...paths].reverse());
  });
});
describe('checkpointsOfFolder', () => {
  test("the model's own weights come first", () => {
    const names = ['adapter_model.safetensors', 'ema.safetensors', 'model.safetensors', 'training_args.bin'];
    expect(checkpointsOfFolder('/m', names)).toEqual([
      '/m/model.safetensors',
      '/m/adapter_model.safetensors',
      '/m/ema.safetensors',
    ]);
  });
  test('a folder without weights has none', () => {
    expect(checkpointsOfFolder('/m', ['config.json', 'tokenizer.json'])).toEqual([]);
  });
});
describe('checkpointOfFile', () => {
  test('a shard stands for its index', () => {
    expect(checkpointOfFile('/m/model-00002-of-00002.safetensors', sharded)).toBe('/m/model.safetensors.index.json');
  });
  test('any other file stands for itself', () => {
    expect(checkpointOfFile('/m/other.safetensors', [...sharded, 'other.safetensors'])).toBe('/m/other.safetensors');
  });
});

test('the step of a path is told by the nearest name, never by the folder that is open or one above it', () => {
  expect(stepOfPath('/w', '/w/run/step-20/actor/model.safetensors')).toEqual({ step: 20, folder: '/w/run' });
  expect(stepOfPath('/w', '/w/run/0000100_adapters.safetensors')).toEqual({ step: 100, folder: '/w/run' });
  expect(stepOfPath('/w', '/w/step-5/model.safetensors')).toEqual({ step: 5, folder: '/w' });
  expect(stepOfPath('/runs/step-5', '/runs/step-5/model.safetensors')).toBeNull();
  expect(stepOfPath('', '/run/model.safetensors')).toBeNull();
});
