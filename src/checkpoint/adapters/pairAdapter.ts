/** What of a base an adapter changes: pairs of the base's weights and the same with the update in them. */
import { normalizeName } from '../../families/index.ts';
import type { TensorRow } from '../../protocol/engine.ts';
import type { Problem } from '../../protocol/results.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { coverageOf } from '../coverage.ts';
import { pairCheckpoints, type PairOptions } from '../pair.ts';
import type { Checkpoint, MatrixView, Pairing } from '../types.ts';
import { flatView, matrixViews } from '../views.ts';
import type { Weight, WeightPair } from '../weight.ts';
import { weightOf } from '../weights.ts';
import { elementCount } from '../rows.ts';
import { AdaptedWeight } from './adaptedWeight.ts';
import type { Adapter } from './adapter.ts';
import { baseNameNote } from './findBase.ts';
import { fitsShape, outOf, wrongShape } from './fit.ts';
import { moduleUpdate, type ModuleUpdate } from './updates.ts';

const UNTOUCHED = 'the adapter does not change it';

/**
 * Matrices are named by the base's names; what the adapter does not touch is listed as such and counts as covered. Throws bad-file if
 * no update can be read from an adapter of this kind, or if it belongs to another base.
 */
export function pairAdapter(base: Checkpoint, tuned: Checkpoint, adapter: Adapter, options: PairOptions): Pairing {
  if (adapter.refused !== null)
    throw new OffaxisError('bad-file', `${tuned.path} is an adapter (${adapter.facts.kind}): ${adapter.refused}.`);
  const own = pairCheckpoints(base, base, options);
  const rows = new Map([...base.tensors.values()].map((row) => [normalizeName(row.name), row]));
  const skipped = [...own.skipped];
  const unfit: Pairing['skipped'] = [];
  const updates = new Map<string, ModuleUpdate>();
  for (const [module, { parts, scale }] of adapter.modules) {
    const row = rows.get(`${module}.weight`) ?? rows.get(module);
    const update = moduleUpdate(tuned, parts, scale);
    if (!row && /\.experts(\.|$)/.test(module))
      skipped.push({
        name: module,
        reason: 'an update of stacked experts (target_parameters) is not computed by this version',
      });
    else if (!row)
      unfit.push({ name: module, reason: 'the base has no weight of that name for the adapter to change' });
    else if (typeof update === 'string') skipped.push({ name: row.name, reason: update });
    else if (fitsShape(row, update)) updates.set(row.name, update);
    else unfit.push({ name: row.name, reason: wrongShape(row, update) });
  }
  for (const one of unfit) skipped.push(one);
  const whole = new Map<string, TensorRow>();
  const tunedOnly: string[] = [];
  for (const row of adapter.whole) {
    const match = rows.get(normalizeName(row.name));
    if (match && match.shape.join() === row.shape.join()) whole.set(match.name, row);
    else tunedOnly.push(row.name);
  }
  if (updates.size + whole.size === 0)
    throw new OffaxisError(
      'bad-file',
      `${tuned.path} is an adapter (${adapter.facts.kind}), and none of its modules fits a weight of ${base.path}${
        skipped.find(({ reason }) => reason !== UNTOUCHED) ? `: ${reasonOf(skipped)}` : ''
      }. Compare it with the base that it was trained on${adapter.facts.base === null ? '' : ` (${JSON.stringify(adapter.facts.base.slice(0, 200))})`}.`,
    );
  const leftOut = new Set(skipped.map(({ name }) => name));
  const untouched = new Set<string>();
  const pairs: WeightPair[] = [];
  for (const pair of own.pairs) {
    const { tensor } = pair.base;
    const row = base.tensors.get(tensor) as TensorRow;
    const view = viewOf(base, row, pair.base);
    const update = updates.get(tensor);
    const other = whole.get(tensor);
    if (update && view) {
      pairs.push({ ...pair, tuned: new AdaptedWeight(pair.base, update, outOf(row, view), adapter.facts.kind) });
    } else if (other && view) pairs.push({ ...pair, tuned: weightOf(tuned, other, view, pair.base.shape) });
    else if (!leftOut.has(tensor)) untouched.add(tensor);
  }
  for (const name of untouched) skipped.push({ name, reason: UNTOUCHED });
  return {
    pairs,
    skipped,
    unpaired: { baseOnly: [], tunedOnly },
    coverage: coverageOf(base, tuned, { pairs, skipped }, untouched),
    notes: [baseNameNote(adapter.facts, tuned.folder, base), unfitNote(adapter, unfit)].filter((note) => note !== null),
  };
}

/** Modules that the base has no weight for, or one of another shape: hardly the base that the adapter was trained on. */
function unfitNote({ facts, modules }: Adapter, unfit: Pairing['skipped']): Problem | null {
  const [first] = unfit;
  if (!first) return null;
  const named = facts.base === null ? '' : ` (${JSON.stringify(facts.base.slice(0, 200))})`;
  return {
    severity: 'warning',
    code: 'pairing-base-shape',
    message: `${unfit.length} of the adapter's ${modules.size} modules do not fit this base (${first.name}: ${first.reason}): check that it is the one that the adapter was trained on${named}.`,
  };
}

function reasonOf(skipped: Pairing['skipped']): string {
  const one = skipped.at(-1);
  return one ? `${one.name}: ${one.reason}` : '';
}

/** Where in its tensor a weight of the base lies. */
function viewOf({ config, family }: Checkpoint, row: TensorRow, { name }: Weight): MatrixView | null {
  const views = matrixViews(row, config, family);
  if (views.length === 0) return flatView(row, elementCount(row.shape));
  return views.find((view) => view.name === name) ?? null;
}
