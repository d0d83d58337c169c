/** A temporary folder of checkpoint files, removed after the tests of a file. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { ModelConfig, TensorRow } from '../../../src/protocol/engine.ts';
import { describeName } from '../../../src/families/index.ts';

export function temporaryFolder(): {
  path: string;
  write(name: string, content: Uint8Array | string | object): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'offaxis-checkpoint-'));
  afterAll(() => rmSync(path, { recursive: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(
        file,
        content instanceof Uint8Array || typeof content === 'string' ? content : JSON.stringify(content),
      );
      return file;
    },
  };
}

/** A row as an opened checkpoint would have it. */
export function row(name: string, shape: number[], rest: Partial<TensorRow> = {}): TensorRow {
  const { layer, module, role } = describeName(name);
  return {
    name,
    layer,
    module,
    role,
    dtype: 'BF16',
    shape,
    sizeBytes: 0,
    file: 'f',
    offset: 0,
    missing: false,
    spectral: true,
    ...rest,
  };
}

export function config(rest: Partial<ModelConfig> = {}): ModelConfig {
  return {
    modelType: null,
    layers: null,
    hiddenSize: null,
    attentionHeads: null,
    keyValueHeads: null,
    headDim: null,
    ...rest,
  };
}
