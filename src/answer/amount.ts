/** How much changed, and by how much: the first sentence. */
import { isPartial } from '../metrics/coverage.ts';
import { say, type Text } from '../protocol/say.ts';
import { isFloating, isByteFloat } from '../numbers/index.ts';
import type { AdapterFacts } from '../protocol/adapter.ts';
import { integer, percent } from '../protocol/format.ts';
import { clause, type Clause } from './clause.ts';
import type { Depth } from './depth.ts';
import { floorText, gridWord, relativeUpdate, roundingFloor } from './size.ts';
import { namesOf, untouched, type Matrix, type Subject } from './subject.ts';
import { layersWord, listed, ofCompared, shareWord } from './words.ts';
import { elementCount } from '../protocol/lists.ts';

/** Times one rounding under which the update may be nothing else. */
const ROUNDING = 1.25;

export function amountClauses(subject: Subject, depth: Depth): Clause[] {
  const { adapter, live, matrices } = subject;
  const [only] = live;
  if (adapter && only) return adapterClauses(subject, adapter);
  if (only && live.length === 1 && matrices.length > 1) return oneMatrix(subject, only);
  const changed = shareClause(subject);
  return depth.kind === 'concentrated' ? changed : [...changed, ...sizeClause(subject)];
}

/** Changes are counted on the grid: where the tuned side is stored wider, that is not how it is stored. */
function isWider({ tensors }: Subject): boolean {
  const weights = { wider: 0, all: 0 };
  for (const { dtype, shape } of tensors.values()) {
    const type = dtype.tuned.split(' ')[0] ?? '';
    const count = elementCount(shape);
    weights.all += count;
    if (isFloating(type) && !isByteFloat(type) && type !== 'BF16' && type !== 'F16') weights.wider += count;
  }
  return weights.wider > weights.all / 2;
}

function shareClause(subject: Subject): Clause[] {
  const { updateDensity: share, coverage } = subject.summary;
  if (share === null) return [];
  const word = shareWord(share);
  const isPart = isPartial(coverage);
  const changed = (): Text => {
    if (isWider(subject))
      return isPart
        ? say('{0} of the compared weights changed in bf16', word)
        : say('{0} of the weights changed in bf16', word);
    return isPart ? say('{0} of the compared weights changed', word) : say('{0} of the weights changed', word);
  };
  return [
    clause({
      code: 'share',
      kind: 'size',
      text: changed(),
      value: ofCompared(percent(share), coverage),
      tab: 'size',
      figure: 'updateDensity',
    }),
  ];
}

function sizeClause({ summary, matrices }: Subject): Clause[] {
  const size = summary.model.relativeUpdate;
  if (size === null) return [];
  const floor = roundingFloor(matrices);
  const shape = { kind: 'size', tab: 'size', figure: 'relativeUpdate', joint: ',' } as const;
  if (floor !== null && size < ROUNDING * floor)
    return [
      clause({
        ...shape,
        code: 'size-of-rounding',
        text: say('by no more than one rounding to {0} changes them', gridWord(matrices)),
        value: percent(size, 2),
        noise: floorText(matrices),
      }),
    ];
  return [
    clause({
      ...shape,
      code: 'size',
      text: say("by {0} of the base's norm", percent(size, 2)),
      noise: floorText(matrices),
    }),
  ];
}

function oneMatrix({ label, matrices, summary }: Subject, only: Matrix): Clause[] {
  const shape = { kind: 'size', tab: 'size', figure: 'relativeUpdate', matrices: [only.name] } as const;
  const place = [String(only.layer), label(only.module)] as const;
  return [
    clause({
      ...shape,
      code: 'one-matrix',
      text:
        only.expert === null
          ? say('one matrix changed, layer {0}, {1}', ...place)
          : say('one matrix changed, layer {0}, {1}, expert {2}', ...place, String(only.expert)),
      value: ofCompared(say('1 of {0}', integer(matrices.length)), summary.coverage),
    }),
    clause({
      ...shape,
      code: 'size-of-matrix',
      text: say('by {0} of its norm', percent(only.metrics.relativeUpdate, 2)),
      noise: floorText([only]),
      joint: ',',
    }),
  ];
}

function adapterClauses(subject: Subject, adapter: AdapterFacts): Clause[] {
  const { live, modules, label } = subject;
  const rest = untouched(subject);
  const changed = new Set(live.map(({ module }) => module));
  const layers = new Set(live.map(({ layer }) => layer));
  const names = listed(modules.filter((module) => changed.has(module)).map(label));
  const isEvery = [...rest.layers].every((layer) => layers.has(layer));
  const { rank } = adapter;
  const where = isEvery ? say('every layer') : layersWord([...layers]);
  // whole tensors on both sides of the count, if parts of one are compared
  const shape = { kind: 'size', tab: 'size', figure: 'relativeUpdate', matrices: namesOf(live) } as const;
  return [
    clause({
      ...shape,
      code: 'adapter',
      text:
        rank === null
          ? say('an adapter changes {0} in {1}', names, where)
          : say('a rank-{0} adapter changes {1} in {2}', String(rank), names, where),
      value: ofCompared(
        say('{0} of {1} matrices', integer(adapter.matrices), integer(adapter.matrices + rest.tensors)),
        subject.summary.coverage,
      ),
    }),
    clause({
      ...shape,
      code: 'size-of-adapter',
      text: say('by {0} of their norm', percent(relativeUpdate(live), 2)),
      noise: floorText(live),
      joint: ',',
    }),
  ];
}
