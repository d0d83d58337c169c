/** The map of "Analyze Spectra": layers by modules, any figure of section A. Pure. */
import type { TensorSpectrum } from '../../src/protocol/engine.ts';
import type { CellStatus, CellValue } from '../shared/heatmap.ts';
import type { MapMetric } from './metrics.ts';
import type { InspectorModel } from './model.ts';
import type { Row } from './rows.ts';

/** A file decides how many layers and modules there are; the map has room for so many rows and columns. */
export const MAX_LAYERS = 1000;
export const MAX_COLUMNS = 256;

/** One matrix, known or still to come. */
export interface Member {
  row: Row;
  /** null until computed */
  spectrum: TensorSpectrum | null;
}
export interface SpectraMap {
  /** numbers of the layers that exist, ascending, as many as the map has room for */
  layers: readonly number[];
  modules: string[];
  members(layer: number, module: string): readonly Member[];
  /** block matrices that the map has no place for */
  leftOut: number;
}

const cellKey = (layer: number, module: string): string => `${layer} ${module}`;
/** "#q" of a fused tensor is a column of its own; the number of an expert is not. */
const partOf = (spectrum: TensorSpectrum): string =>
  spectrum.name
    .slice(spectrum.tensor.length)
    .split('#')
    .filter((part) => part && !/^\d+$/.test(part))
    .map((part) => `#${part}`)
    .join('');

/** Parts of a fused module are known once one tensor of it is computed; until then it is one column. */
export function mapOf(model: InspectorModel): SpectraMap {
  const named = model.blockMatrices.filter(({ tensor }) => tensor.layer !== null);
  const numbers = [...new Set(named.map(({ tensor }) => tensor.layer ?? 0))].sort((a, b) => a - b);
  const layers = numbers.slice(0, MAX_LAYERS);
  const last = layers.at(-1) ?? 0;
  const columns = new Set([...new Set(named.map(({ tensor }) => tensor.module))].slice(0, MAX_COLUMNS));
  const rows = named.filter(({ tensor }) => (tensor.layer ?? 0) <= last && columns.has(tensor.module));
  const partsOf = new Map<string, Set<string>>();
  for (const { tensor } of rows) {
    const parts = partsOf.get(tensor.module) ?? new Set<string>();
    partsOf.set(tensor.module, parts);
    for (const spectrum of model.spectraOf(tensor.name)) parts.add(partOf(spectrum));
  }
  const cells = new Map<string, Member[]>();
  const put = (layer: number, module: string, member: Member): void => {
    const found = cells.get(cellKey(layer, module));
    if (found) found.push(member);
    else cells.set(cellKey(layer, module), [member]);
  };
  for (const row of rows) {
    const layer = row.tensor.layer ?? 0;
    const spectra = model.spectraOf(row.tensor.name);
    for (const spectrum of spectra) put(layer, row.tensor.module + partOf(spectrum), { row, spectrum });
    if (spectra.length) continue;
    const parts = partsOf.get(row.tensor.module);
    for (const part of parts?.size ? parts : ['']) put(layer, row.tensor.module + part, { row, spectrum: null });
  }
  const modules = [...partsOf].flatMap(([module, parts]) =>
    [...(parts.size ? parts : [''])].map((part) => module + part),
  );
  return {
    layers,
    modules,
    members: (layer, module) => cells.get(cellKey(layer, module)) ?? [],
    leftOut: model.blockMatrices.length - rows.length,
  };
}

/** The figure of one matrix: undefined while it is not known, null if it has none. */
export function valueOf(model: InspectorModel, member: Member, metric: MapMetric): number | null | undefined {
  if (metric.of === 'spectrum') return member.spectrum?.metrics[metric.id];
  return model.statistics.get(member.row.tensor.name)?.stats[metric.id];
}
/** Mean over the matrices of the cell that have a value. */
export function cellOf(model: InspectorModel, members: readonly Member[], metric: MapMetric): CellValue {
  if (!members.length) return { status: 'absent', value: null };
  const known = members.map((member) => valueOf(model, member, metric)).filter((value) => value !== undefined);
  const values = known.filter((value) => value !== null);
  if (values.length) return { status: 'done', value: values.reduce((sum, v) => sum + v, 0) / values.length };
  const status: CellStatus = known.length
    ? 'done'
    : members.some(({ row }) => model.failureOf(row.tensor.name))
      ? 'failed'
      : 'pending';
  return { status, value: null };
}
