import { join } from 'node:path';
import { configTarget } from './config.ts';
import { headerTarget } from './header.ts';
import { indexTarget } from './index-file.ts';
import { mcpTarget } from './mcp.ts';
import { rpcTarget } from './rpc.ts';
import type { Target } from './target.ts';

export const TARGETS = ['header', 'index', 'config', 'rpc', 'mcp'] as const;
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
  }
}
