import { join } from 'node:path';
import { between, binaryTarget } from './binary.ts';
import { configTarget } from './config.ts';
import { headerTarget } from './header.ts';
import { indexTarget } from './index-file.ts';
import { mcpTarget } from './mcp.ts';
import { rpcTarget } from './rpc.ts';
import type { Target } from './target.ts';

export const TARGETS = ['header', 'index', 'config', 'rpc', 'mcp', 'torch'] as const;
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
    case 'rpc':
      return rpcTarget;
    case 'mcp':
      return mcpTarget(root);
    case 'torch':
      return binaryTarget(name, filesOf(root, 'torch', TORCH_FILES), (file) => {
        if (file.subarray(0, 2).toString() !== 'PK') return [[0, 4000]];
        const directory = file.indexOf('PK\u0001\u0002', 0, 'latin1');
        return [between(file, 'data.pkl', 'PK\u0003\u0004'), [directory, file.length]];
      });
  }
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
