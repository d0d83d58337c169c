/** find_tensors: a list from the headers. */
import { matchesGlob } from '../checkpoint/glob.ts';
import type { TensorRow } from '../protocol/engine.ts';
import { admittedFacts, admittedPath } from './admission.ts';
import { fitted } from './budget.ts';
import { ROLES } from './definitions.ts';
import type { ToolContext } from './engine.ts';
import { ToolInput } from './input.ts';
import { bytes, DATA_NOTE, integer, plural, quoted, shape, type } from './text.ts';
import { elementCount } from '../protocol/lists.ts';

const KNOWN = [
  'path',
  'name',
  'dtype',
  'role',
  'layerFrom',
  'layerTo',
  'minParameters',
  'sortBy',
  'offset',
  'maxTokens',
];

const weightsOf = (row: TensorRow): number => (row.missing ? 0 : elementCount(row.shape));

/** Throws bad-parameter, bad-file, read-failed and cancelled. */
export async function findTensors(raw: unknown, context: ToolContext): Promise<string> {
  const input = new ToolInput(raw, KNOWN);
  const path = await admittedPath(input.required('path'), context);
  const name = input.text('name');
  const dtype = input.text('dtype')?.toUpperCase();
  const role = input.choice('role', ['any', ...ROLES], 'any');
  const from = input.whole('layerFrom');
  const to = input.whole('layerTo');
  const least = input.whole('minParameters') ?? 0;
  const sort = input.choice('sortBy', ['file', 'size', 'name'], 'file');
  const offset = input.whole('offset') ?? 0;
  const facts = await admittedFacts(path, context);
  const found = facts.tensors.filter(
    (row) =>
      (name === undefined || matchesGlob(name, row.name)) &&
      (dtype === undefined || row.dtype === dtype) &&
      (role === 'any' || row.role === role) &&
      (from === undefined || (row.layer !== null && row.layer >= from)) &&
      (to === undefined || (row.layer !== null && row.layer <= to)) &&
      weightsOf(row) >= least,
  );
  if (sort === 'size') found.sort((a, b) => weightsOf(b) - weightsOf(a));
  if (sort === 'name') found.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const weights = found.reduce((sum, row) => sum + weightsOf(row), 0);
  const size = found.reduce((sum, row) => sum + row.sizeBytes, 0);
  const rows = found.slice(offset).map((row) => {
    const place = row.layer === null ? row.role : `layer ${row.layer}, ${row.role}`;
    return row.missing
      ? `${quoted(row.name)} | missing (${quoted(row.file)}) | ${place}`
      : `${quoted(row.name)} | ${type(row.dtype)} ${shape(row.shape)} | ${bytes(row.sizeBytes)} | ${place}`;
  });
  const head = [
    `${plural(found.length, 'tensor')} of ${integer(facts.tensors.length)} in ${quoted(facts.path)} match: ${plural(weights, 'weight')}, ${bytes(size)}.`,
    ...(offset ? [`Rows from ${offset} on.`] : []),
    DATA_NOTE,
  ];
  return fitted(
    {
      head,
      rowsHead: ['name | type and shape | size | place'],
      rows,
      more: (shown) =>
        `${rows.length - shown} more are left out. Ask with offset ${offset + shown} to go on, or narrow the search.`,
    },
    context.budget(input.tokens),
  );
}
