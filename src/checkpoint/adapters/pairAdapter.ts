/** What of a base an adapter changes: pairs of the base's weights and the same with the update in them. */
import type { TensorRow } from '../../protocol/engine.ts';
import type { Problem } from '../../protocol/results.ts';
import { initialisationOf } from './initial.ts';
import { normalizeName } from '../../families/index.ts';
import { needsInitial } from './settings.ts';
import { Targets } from './targets.ts';
import { OffaxisError } from '../../protocol/errors.ts';
import { say } from '../../protocol/say.ts';
import { coverageOf } from '../coverage.ts';
import { changeNote } from '../matchNames.ts';
import { pairCheckpoints } from '../pair.ts';
import type { PairOptions } from '../pairOf.ts';
import type { Checkpoint, MatrixView, Pairing } from '../types.ts';
import { flatView, matrixViews } from '../views.ts';
import type { Weight, WeightPair } from '../weight.ts';
import { weightOf } from '../weights.ts';
import { AdaptedWeight } from './adaptedWeight.ts';
import type { Adapter } from './adapter.ts';
import { assignUpdates, updateAt } from './assign.ts';
import { baseNameNote } from './findBase.ts';
import { elementCount } from '../../protocol/lists.ts';

const UNTOUCHED = 'the adapter does not change it';

/**
 * Matrices are named by the base's names; what the adapter does not touch is listed as such and counts as covered. Throws bad-file if
 * no update can be read from an adapter of this kind, or if it belongs to another base.
 */
export function pairAdapter(base: Checkpoint, tuned: Checkpoint, adapter: Adapter, options: PairOptions): Pairing {
  if (adapter.refused !== null)
    throw new OffaxisError('bad-file', say`${tuned.path} is an adapter (${adapter.facts.kind}): ${adapter.refused}.`);
  const own = pairCheckpoints(base, base, options);
  const remains = tuned.beside?.kind === 'base' ? remainsOf(tuned.beside.checkpoint) : null;
  const assigned = assignUpdates(base, tuned, adapter);
  const { updates, reasons, unfit, whole, left, prefix } = assigned;
  const skipped = [...own.skipped];
  for (const [name, reason] of reasons) skipped.push({ name, reason });
  if (updates.size + whole.size === 0)
    throw new OffaxisError(
      'bad-file',
      say`${tuned.path} is an adapter (${adapter.facts.kind}), and none of its modules fits a weight of ${base.path}${
        skipped.find(({ reason }) => reason !== UNTOUCHED) ? `: ${reasonOf(skipped)}` : ''
      }. Compare it with the base that it was trained on${adapter.facts.base === null ? '' : ` (${JSON.stringify(adapter.facts.base.slice(0, 200))})`}.`,
    );
  const leftOut = new Set(skipped.map(({ name }) => name));
  /** weights in each tensor that stay as they are, and the names of their parts */
  const untouched = new Map<string, { weights: number; names: string[] }>();
  const cells: NonNullable<Pairing['untouched']> = [];
  const pairs: WeightPair[] = [];
  for (const pair of own.pairs) {
    const { name, base: weight, count, spectral, reason } = pair;
    const { tensor } = weight;
    const row = base.tensors.get(tensor) as TensorRow;
    const view = viewOf(base, row, weight);
    const found = view && updateAt(assigned, base, row, view);
    const other = whole.get(tensor);
    const against = (own: Weight): void => {
      pairs.push({ name, base: weight, tuned: own, count, spectral, ...(reason === undefined ? {} : { reason }) });
    };
    if (found) {
      const under = remains ? remains(row, view, weight.shape) : weight;
      if (under) against(new AdaptedWeight(under, found.update, found.at, adapter.facts.kind));
      else skipped.push({ name, reason: `${tuned.beside?.checkpoint.path} has no weight of that name and shape` });
    } else if (other && view) against(weightOf(tuned, other, view, weight.shape));
    else if (!leftOut.has(tensor) && !leftOut.has(view?.name ?? name)) {
      const before = untouched.get(tensor) ?? { weights: 0, names: [] };
      untouched.set(tensor, { weights: before.weights + count, names: [...before.names, name] });
      const { layer, module } = weight.place;
      if (spectral && layer !== null) cells.push({ layer, module });
    }
  }
  const changed = new Set(pairs.map(({ base: weight }) => weight.tensor));
  for (const [tensor, { names }] of untouched)
    for (const name of changed.has(tensor) ? names : [tensor]) skipped.push({ name, reason: UNTOUCHED });
  return {
    pairs,
    skipped,
    untouched: cells,
    unpaired: { baseOnly: [], tunedOnly: left },
    coverage: coverageOf(
      base,
      tuned,
      { pairs, skipped },
      new Map([...untouched].map(([tensor, { weights }]) => [tensor, weights])),
    ),
    notes: [
      prefix && changeNote({ side: 'tuned', ...prefix, inside: false }),
      baseNameNote(adapter.facts, tuned.folder, base),
      unfitNote(adapter, unfit),
      initialisationNote(adapter, tuned.beside),
    ].filter((note) => note !== null),
  };
}

/** The same weight of what an initialisation has left of the base; null if it is not there in that shape. */
function remainsOf(residual: Checkpoint): (row: TensorRow, view: MatrixView, shape: Weight['shape']) => Weight | null {
  const targets = new Targets(residual);
  return (row, view, shape) => {
    const left = targets.tensor(normalizeName(row.name));
    if (!left || left.shape.join() !== row.shape.join()) return null;
    return weightOf(residual, left, view, shape);
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

/** How an initialisation that changed the base was taken into account. */
function initialisationNote({ modules }: Adapter, beside: Checkpoint['beside']): Problem | null {
  const words = [...modules.values()].map(({ settings }) => settings?.initialisation ?? 'true');
  const word = words.find((one) => initialisationOf(one) !== null || needsInitial(one));
  if (word === undefined) return null;
  const began = `The adapter began with factors taken out of the base (${word})`;
  const note = (severity: Problem['severity'], rest: string): Problem => ({
    severity,
    code: 'pairing-initial',
    message: `${began}: ${rest}`,
  });
  if (beside)
    return note(
      'info',
      beside.kind === 'adapter'
        ? `those of ${beside.checkpoint.path} are taken off its update.`
        : `its update is added to ${beside.checkpoint.path}, which is what they left of the base.`,
    );
  if (!word.includes('niter')) return note('info', 'they are worked out from this base, and taken off the update.');
  return note(
    'warning',
    'they are worked out from this base, and taken off the update. It began from a randomised SVD, which is not to be had again: the exact one stands in for it, and the update holds the difference of the two.',
  );
}

function reasonOf(skipped: Pairing['skipped']): string {
  const one = skipped.at(-1);
  return one ? `${one.name}: ${one.reason}` : '';
}

/** Where in its tensor a weight of the base lies. Weights that codes make go by the name of the weight, their rows by that of the codes. */
function viewOf({ config, family }: Checkpoint, row: TensorRow, { name }: Weight): MatrixView | null {
  const views = matrixViews(row, config, family);
  if (views.length === 0) return flatView(row, elementCount(row.shape));
  const names = [row.name, ...(row.quantised ? [row.quantised.weight] : [])];
  return views.find((view) => names.some((own) => own + view.name.slice(row.name.length) === name)) ?? null;
}
