import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { installExtension, type Installation } from './install.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    installation: Installation;
  }
}

export default function setup(project: TestProject): void {
  const root = project.config.root;
  project.provide('installation', installExtension(root, join(root, 'test-results', 'integration')));
}
