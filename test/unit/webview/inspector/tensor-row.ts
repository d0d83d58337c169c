/** A row of the table as the engine sends it, from its name alone. */
import type { TensorRow } from '../../../../src/protocol/engine.ts';

export function tensorRow(name: string, change: Partial<TensorRow> = {}): TensorRow {
  const layer = /\.(\d+)\./.exec(name)?.[1];
  return {
    name,
    layer: layer === undefined ? null : Number(layer),
    module: name.replace(/^model\.(layers\.\d+\.)?/, '').replace(/\.weight$/, ''),
    dtype: 'BF16',
    shape: [4, 8],
    sizeBytes: 64,
    file: 'model.safetensors',
    offset: 0,
    missing: false,
    role: 'block',
    spectral: true,
    ...change,
  };
}
