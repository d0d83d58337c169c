import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readDcp } from '../../src/formats/index.ts';
import { OffaxisError } from '../../src/protocol/errors.ts';
import { memorySource } from '../unit/formats/build.ts';
import { between, binaryTarget } from './binary.ts';
import { configTarget } from './config.ts';
import { deltaTarget } from './delta.ts';
import { headerTarget } from './header.ts';
import { indexTarget } from './index-file.ts';
import { mcpTarget } from './mcp.ts';
import { rpcTarget } from './rpc.ts';
import { ranksTarget, zeroTarget } from './sets.ts';
import type { Target } from './target.ts';

export const TARGETS = [
  'header',
  'index',
  'config',
  'rpc',
  'mcp',
  'torch',
  'dcp',
  'gguf',
  'numpy',
  'delta',
  'zero',
  'ranks',
] as const;
export type TargetName = (typeof TARGETS)[number];

/** `root`: of the project; its dist/ holds the server. */
export async function openTarget(name: TargetName, root: string): Promise<Target> {
  switch (name) {
    case 'header':
      return headerTarget(join(root, 'test', 'fuzz'));
    case 'index':
      return indexTarget;
    case 'config':
      return configTarget;
    case 'delta':
      return deltaTarget;
    case 'zero':
      return zeroTarget();
    case 'ranks':
      return ranksTarget(root);
    case 'rpc':
      return rpcTarget;
    case 'mcp':
      return mcpTarget(root);
    case 'numpy':
      return binaryTarget(name, filesOf(root, 'numpy', ['model.npz', 'big-endian.npz']), (file) => {
        const directory = file.indexOf('PK\u0001\u0002', 0, 'latin1');
        return [
          [0, Math.min(300, file.length)],
          [directory, file.length],
        ];
      });
    case 'gguf':
      return binaryTarget(name, filesOf(root, 'gguf', ['tiny-Q4_K.gguf', 'every-type.gguf', 'tiny-F16.gguf']), () => [
        [0, 1000],
      ]);
    case 'dcp':
      return dcpTarget(root);
    case 'torch':
      return binaryTarget(name, filesOf(root, 'torch', TORCH_FILES), (file) => {
        if (file.subarray(0, 2).toString() !== 'PK') return [[0, 4000]];
        const directory = file.indexOf('PK\u0001\u0002', 0, 'latin1');
        return [between(file, 'data.pkl', 'PK\u0003\u0004'), [directory, file.length]];
      });
  }
}

/** The metadata are damaged, the parts are as they were. */
function dcpTarget(root: string): Target {
  const folder = join(root, 'test', 'fixtures', 'formats', 'torch', 'dcp-sharded');
  const parts = new Map(
    ['__0_0.distcp', '__1_0.distcp'].map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
  );
  const largest = Math.max(...[...parts.values()].map(({ length }) => length));
  return binaryTarget(
    'dcp',
    [join(folder, '.metadata')],
    (file) => [[0, file.length]],
    (source, name) =>
      readDcp(source, name, (file, work) => {
        const part = parts.get(file);
        if (!part) throw new OffaxisError('bad-file', 'There is no such file.');
        return work(memorySource(part));
      }),
    largest,
  );
}

const TORCH_FILES = [
  ...['tensor.pt', 'list.pt', 'sparse.pt', 'quantized.pt', 'module_state_dict.pt', 'whole_module.pt'].map(
    (name) => `nested/${name}`,
  ),
  'legacy/pytorch_model.bin',
  'zip/pickle-protocol-0.pt',
  'fsdp-verl/model_world_size_2_rank_1.pt',
];
function filesOf(root: string, folder: string, names: readonly string[]): string[] {
  return names.map((name) => join(root, 'test', 'fixtures', 'formats', folder, name));
}
