import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ownCheckpoints } from '../../../src/hover/places.ts';
import { temporaryFolder } from '../checkpoint/folder.ts';

const folder = temporaryFolder();
const base = folder.write('base/model.safetensors', 'x');
const adapter = folder.write('adapter/adapter_model.safetensors', 'x');

test('an adapter stands beside the base that its configuration names', async () => {
  const config = folder.write('adapter/adapter_config.json', { base_model_name_or_path: '../base' });
  expect(await ownCheckpoints(config)).toEqual([base, adapter]);
});
test('a configuration that is too large, damaged or a pipe names none, and nothing waits for it', async () => {
  const large = { base_model_name_or_path: '../base', more: 'x'.repeat(1_100_000) };
  for (const content of [large, '{"base_model_name_or_path": "../base"', 'null', { base_model_name_or_path: 7 }])
    expect(await ownCheckpoints(folder.write('adapter/adapter_config.json', content))).toEqual([adapter]);
  const pipe = join(folder.path, 'pipe', 'adapter_config.json');
  const beside = folder.write('pipe/adapter_model.safetensors', 'x');
  execFileSync('mkfifo', [pipe]);
  expect(await ownCheckpoints(pipe)).toEqual([beside]);
});
