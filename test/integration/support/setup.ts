import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startCodeServer, type CodeServer } from '../../../scripts/lib/code-server.mjs';
import { installExtension, type Installation, type SharedServer } from './install.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    installation: Installation;
  }
}

/** Installs the VSIX, and starts the servers that the files share: a server takes seconds to come up, and knows little of its windows. */
export default async function setup(project: TestProject): Promise<() => Promise<unknown>> {
  const { root, poolOptions } = project.config;
  const installation = installExtension(root, join(root, 'test-results', 'integration'));
  const { extensions } = installation;
  const started: CodeServer[] = [];
  const start = async (name: string): Promise<SharedServer> => {
    const folder = join(installation.folder, name);
    mkdirSync(folder);
    const server = await startCodeServer({ tools: installation, folder, workspace: folder, extensions });
    started.push(server);
    return { url: server.url, pid: server.pid, folder };
  };
  const workers = Array.from({ length: poolOptions?.forks?.maxForks ?? 1 }, (_, i) => i + 1);
  const servers = await Promise.all(workers.map((worker) => start(`server-${worker}`)));
  project.provide('installation', { ...installation, servers });
  return () => Promise.all(started.map((server) => server.stop()));
}
