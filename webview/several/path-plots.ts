/** Plots over the steps of a run: its size beside a walk of the same steps, and the directions it shares with its end beside chance. */
import { greatest } from '../../src/protocol/lists.ts';
import { percent } from '../shared/format.ts';
import { t } from '../shared/l10n.ts';
import type { Drawing, Mark } from '../shared/plot.ts';
import { linear, linearTicks, path, s, text, type Scaler } from '../shared/svg.ts';

const PAD = { l: 48, r: 14, t: 8, b: 20 } as const;
/** CSS pixels that a tick of the steps takes. */
const TICK = 52;

export interface PathPlot {
  label: string;
  height: number;
  /** of the base */
  start: number;
  steps: readonly number[];
  values: readonly (number | null)[];
  /** drawn dashed: a value a step, or the same for all */
  reference: readonly number[] | number;
  /** "walk", "chance" */
  referenceName: string;
  /** the upper end of the axis; null: fitted */
  most: number | null;
  /** both lines begin at 0 where the base is */
  fromBase: boolean;
  /** place of the step that is shown */
  at: number;
}

/** sqrt of the summed squares of the increments so far: how far a random walk of the same steps comes. */
export function walkOf(increments: readonly (number | null)[]): number[] {
  let square = 0;
  return increments.map((increment) => Math.sqrt((square += (increment ?? 0) ** 2)));
}

export function drawPath(width: number, plot: PathPlot): Drawing {
  const { height, steps, values, start, fromBase } = plot;
  const references = typeof plot.reference === 'number' ? steps.map(() => plot.reference as number) : plot.reference;
  const top = plot.most ?? (greatest([...values.map((value) => value ?? 0), ...references], 0) * 1.05 || 1);
  const first = fromBase ? start : (steps[0] ?? start);
  const x = linear(first, steps.at(-1) ?? 1, PAD.l, width - PAD.r);
  const y = linear(0, top, height - PAD.b, PAD.t);
  const root = s('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': plot.label });
  axes(root, width, plot, x, y, top);
  const origin: (readonly [number, number])[] = fromBase ? [[x(start), y(0)]] : [];
  const line = (all: readonly (number | null)[]): (readonly [number, number])[] => [
    ...origin,
    ...all.flatMap((value, i) => (value === null ? [] : [[x(steps[i] ?? 0), y(value)] as const])),
  ];
  root.append(
    s('path', { class: 'l-base dash', d: path(line(references)) }),
    s('path', { class: 'l-tuned', d: path(line(values)) }),
  );
  const marks = values.flatMap((value, i): Mark[] => {
    if (value === null) return [];
    const [px, py] = [x(steps[i] ?? 0), y(value)];
    root.append(s('circle', { class: 'f-tuned', cx: px, cy: py, r: i === plot.at ? 5 : 3 }));
    return [
      {
        x: px,
        y: py,
        title: t('Step {0}', steps[i] ?? 0),
        rows: [
          [t('this run'), percent(value)],
          [plot.referenceName, percent(references[i] ?? null)],
        ],
      },
    ];
  });
  return { root, marks };
}

function axes(root: SVGElement, width: number, plot: PathPlot, x: Scaler, y: Scaler, top: number): void {
  const { height, steps, at } = plot;
  for (const tick of linearTicks(0, top, height > 150 ? 4 : 2))
    root.append(
      s('path', { class: 'gr', d: `M${PAD.l} ${Math.round(y(tick)) + 0.5}H${width - PAD.r}` }),
      text(PAD.l - 6, y(tick) + 4, percent(tick, 2), 'end'),
    );
  const shown = steps[at];
  if (shown !== undefined)
    root.append(s('path', { class: 'ax', d: `M${Math.round(x(shown)) + 0.5} ${PAD.t}V${height - PAD.b}` }));
  // the last step always, the others as far as there is room, from the right
  let taken = Infinity;
  for (const step of [...steps].reverse()) {
    if (x(step) > taken - TICK && taken !== Infinity) continue;
    taken = x(step);
    root.append(text(taken, height - 5, String(step), taken > width - PAD.r - 8 ? 'end' : 'middle'));
  }
}
