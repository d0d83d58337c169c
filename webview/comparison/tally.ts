/**
 * Verdicts of all matrices: one tick a matrix on the axis that decides, with the zone of no verdict shaded. A mean hides a minority;
 * here it stands outside the zone, and is named.
 */
import { nothing, type TemplateResult } from 'lit';
import { greatest } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { num, percent, times } from '../shared/format.ts';
import type { CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import {
  energyRatio,
  energySaid,
  energyZone,
  maskSaid,
  safePosition,
  tally as tallyOf,
  VERDICT_POSITION,
  type Said,
} from '../../src/metrics/verdict.ts';
import { pictureName } from '../shared/picture.ts';
import '../shared/plot.ts';
import type { Drawing, Mark } from '../shared/plot.ts';
import { linear, s, text } from '../shared/svg.ts';
import { distinct } from './ticks.ts';
import { twinParts } from './twin.ts';
import { define, ViewElement } from './view.ts';

interface Tally {
  name: string;
  isMask: boolean;
  axis: string;
  /** -1..1 on the axis; null: nowhere */
  at(t: ComparisonTensor): number | null;
  /** its value lies beyond an end of the axis, where it is drawn */
  beyond(t: ComparisonTensor): boolean;
  verdict(t: ComparisonTensor): Said;
  /** the part of the axis where no matrix has a verdict */
  zone(live: readonly ComparisonTensor[]): [number, number];
  ends: [string, string, string];
}
/** The axis of the energy view ends at a factor of 64. */
const END = 64;
const NAMED = 6;
/** Below this width only the middle of the axis is labelled, CSS pixels. */
const ROOM_FOR_ENDS = 280;
/** Place of a factor on the axis of the energy view, not clamped. */
const place = (ratio: number): number => Math.log(ratio) / Math.log(END);

const TALLIES: readonly Tally[] = [
  {
    name: t('Mask view'),
    isMask: true,
    axis: t(
      'position in the attainable range, against the nearest of the three nulls; a verdict also needs |z| over 3',
    ),
    at: (t) => safePosition(t.metrics),
    beyond: () => false,
    verdict: (t) => maskSaid(t.metrics),
    zone: () => [-VERDICT_POSITION, VERDICT_POSITION],
    ends: [t('least attainable'), t('as the null'), t('most attainable')],
  },
  {
    name: t('Energy view'),
    isMask: false,
    axis: t('joint energy over the isotropic share, log scale; no test stands behind it'),
    at: (t) => {
      const ratio = energyRatio(t.metrics);
      return ratio === null ? null : ratio <= 0 ? -1 : Math.max(-1, Math.min(1, place(ratio)));
    },
    beyond: (t) => {
      const ratio = energyRatio(t.metrics);
      return ratio !== null && (ratio > END || ratio < 1 / END);
    },
    verdict: (t) => energySaid(t.metrics),
    zone: (live) => {
      const zones = live.flatMap(({ metrics }) => energyZone(metrics.maskRank ?? 0) ?? []);
      return [
        place(zones.reduce((low, zone) => Math.max(low, zone.low), 1 / END)),
        place(zones.reduce((high, zone) => Math.min(high, zone.high), END)),
      ];
    },
    ends: ['1/64', t('isotropic'), '64'],
  },
];

class TallyList extends ViewElement {
  protected override render(): TemplateResult | typeof nothing {
    const live = this.view.model.live();
    if (!live.length) return nothing;
    return html`<section class="sect">
      <h2>${t('Verdicts')} <small>${t('one tick a matrix; in the shaded zone nothing is claimed')}</small></h2>
      <div class="tally">${TALLIES.map((tally) => this.row(tally, live))}</div>
    </section>`;
  }

  private row(tally: Tally, live: readonly ComparisonTensor[]): TemplateResult {
    const groups = tallyOf(live, tally.verdict);
    const word = (tensor: ComparisonTensor): string => tell(tally.verdict(tensor).words.word);
    const [only] = groups;
    const counts =
      groups.length === 1 && only
        ? t('all {0} {1}', live.length, tell(only.words.word))
        : groups.map(({ words, items }) => t('{0} {1}', items.length, tell(words.word))).join(', ');
    const most = greatest(groups.map(({ items }) => items.length));
    const minority = groups.filter(({ items }) => items.length < most).flatMap(({ items }) => items);
    const draw = (w: number): Drawing => strip(w, tally, live);
    const picture = {
      name: pictureName(t('Verdicts'), tally.name),
      table: () => [
        [t('tensor'), t('layer'), t('module'), tally.axis, t('verdict')],
        ...live.map((one) => [one.name, one.layer, one.module, tally.at(one), word(one)]),
      ],
    };
    return html`<span>${tally.name}</span><ox-plot title=${tally.axis} .draw=${draw} .picture=${picture}></ox-plot
      ><span class="counts" data-tally=${tally.name}>${counts}</span> ${
        minority.length
          ? html`<span></span
              ><span class="minority"
                >${minority
                  .slice(0, NAMED)
                  .map(
                    (one) =>
                      html`<button class="link" @click=${() => this.open(one)}>
                        ${t('layer {0} {1}: {2}', one.layer ?? '', this.view.model.labels.get(one.module) ?? one.module, word(one))}
                      </button>`,
                  )}${minority.length > NAMED ? html`<span class="quiet">${t('and {0} more', minority.length - NAMED)}</span>` : nothing}</span
              ><span></span>`
          : nothing
      }`;
  }
  private open(t: ComparisonTensor): void {
    if (t.layer !== null) this.view.set({ cell: { layer: t.layer, module: t.module }, member: t.name });
  }
}
/** What a tick says of its matrix. */
function markOf(tally: Tally, tensor: ComparisonTensor): Omit<Mark, 'x' | 'y'> {
  const m = tensor.metrics;
  const rows: CardRow[] = tally.isMask
    ? [
        [t('overlap / null'), times(m.principalLift ?? null)],
        ...twinParts(m.principalOverlap ?? null, m.twin?.principalOverlap, percent).rows,
        [t('position, Gaussian null'), num(m.principalPosition, 2)],
        [t('position, step null'), num(m.principalPositionStep, 2)],
        [t('position, proportional null'), num(m.principalPositionProportional, 2)],
        ['z', num(m.principalZ, 2)],
      ]
    : [
        [t('joint / isotropic'), times(energyRatio(m))],
        [t('joint energy'), percent(m.jointEnergy)],
        [t('isotropic'), percent(m.jointEnergyBaseline)],
        ...twinParts(m.jointEnergy ?? null, m.twin?.jointEnergy, percent).rows,
      ];
  return {
    title: t('Layer {0}, {1}', tensor.layer ?? '', tensor.module),
    rows: [...rows, [t('verdict'), tell(tally.verdict(tensor).words.word)]],
  };
}
function strip(width: number, tally: Tally, live: readonly ComparisonTensor[]): Drawing {
  const x = linear(-1, 1, 1, width - 1);
  const [from, to] = tally.zone(live);
  const isBeyond = live.some(tally.beyond);
  const [first, middle, last] = tally.ends;
  const label = plural(
    live.length,
    '{1}: {0} matrix by {2}',
    '{1}: {0} matrices by {2}',
    live.length,
    tally.name,
    tally.axis,
  );
  const ticked = distinct(live, (tensor) => {
    const at = tally.at(tensor);
    return at === null ? null : `${Math.round(4 * x(at))} ${tally.verdict(tensor).id} ${tally.beyond(tensor)}`;
  });
  const marks = ticked.flatMap((tensor) => {
    const at = tally.at(tensor);
    if (at === null) return [];
    const { id } = tally.verdict(tensor);
    const tick = s('line', { class: `tick tick-${id}`, x1: x(at), x2: x(at), y1: 1, y2: 13 });
    if (!tally.beyond(tensor)) return [tick];
    // an arrow outward: its value is beyond the end
    const inward = at > 0 ? -3.5 : 3.5;
    return [
      tick,
      s('path', { class: `tick tick-${id}`, fill: 'none', d: `M${x(at) + inward} 4l${-inward} 3l${inward} 3` }),
    ];
  });
  const read = ticked.flatMap((tensor): Mark[] => {
    const at = tally.at(tensor);
    return at === null ? [] : [{ x: x(at), y: 7, ...markOf(tally, tensor) }];
  });
  const root = s(
    'svg',
    { width, height: 28, viewBox: `0 0 ${width} 28`, role: 'img', 'aria-label': label },
    s('rect', { class: 'b-track', x: 0, y: 5.5, width, height: 3 }),
    s('rect', { class: 'b-band', x: x(from), y: 2, width: x(to) - x(from), height: 10 }),
    marks,
    width < ROOM_FOR_ENDS
      ? []
      : [text(0, 25, isBeyond ? `≤ ${first}` : first), text(width, 25, isBeyond ? `≥ ${last}` : last, 'end')],
    text(x(0), 25, middle, 'middle'),
  );
  return { root, marks: read.sort((a, b) => a.x - b.x) };
}
define('ox-tally', TallyList);
