/**
 * Verdicts of all matrices: one tick a matrix on the axis that decides, with the zone of no verdict shaded. A mean hides a minority;
 * here it stands outside the zone, and is named.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { greatest } from '../../src/protocol/lists.ts';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { num, percent, times } from '../shared/format.ts';
import type { CardRow } from '../shared/hover-card.ts';
import { plural, t } from '../shared/l10n.ts';
import {
  energyRatio,
  energyVerdict,
  maskVerdict,
  NEAR_ISOTROPIC,
  safePosition,
  VERDICT_POSITION,
  type VerdictId,
} from '../shared/readings.ts';
import { pictureName } from '../shared/picture.ts';
import '../shared/plot.ts';
import type { Drawing, Mark } from '../shared/plot.ts';
import { linear, s, text } from '../shared/svg.ts';
import { define, ViewElement } from './view.ts';

interface Tally {
  name: string;
  isMask: boolean;
  words: Record<VerdictId, string>;
  axis: string;
  /** -1..1 on the axis; null: nowhere */
  at(t: ComparisonTensor): number | null;
  verdict(t: ComparisonTensor): VerdictId;
  /** half width of the zone without a verdict, on the axis */
  zone: number;
  ends: [string, string, string];
}
/** The axis of the energy view ends at a factor of 64. */
const REACH = Math.log(64);
const NAMED = 6;
/** Below this width only the middle of the axis is labelled, CSS pixels. */
const ROOM_FOR_ENDS = 280;

const TALLIES: readonly Tally[] = [
  {
    name: t('Mask view'),
    isMask: true,
    words: { off: t('off-principal'), on: t('on-principal'), noise: t('as noise'), none: t('without a null') },
    axis: t('position in the attainable range, against the nearer of the two nulls; a verdict also needs |z| over 3'),
    at: (t) => safePosition(t.metrics),
    verdict: (t) => maskVerdict(t.metrics).id,
    zone: VERDICT_POSITION,
    ends: [t('least attainable'), t('as the null'), t('most attainable')],
  },
  {
    name: t('Energy view'),
    isMask: false,
    words: {
      off: t('away from principal'),
      on: t('toward principal'),
      noise: t('near isotropic'),
      none: t('without an update'),
    },
    axis: t('joint energy over the isotropic share, log scale; no test stands behind it'),
    at: (t) => {
      const ratio = energyRatio(t.metrics);
      return ratio === null ? null : ratio <= 0 ? -1 : Math.max(-1, Math.min(1, Math.log(ratio) / REACH));
    },
    verdict: (t) => energyVerdict(t.metrics).id,
    zone: Math.log(NEAR_ISOTROPIC) / REACH,
    ends: ['1/64', t('isotropic'), '64'],
  },
];
const ORDER: readonly VerdictId[] = ['off', 'noise', 'on', 'none'];

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
    const by = new Map<VerdictId, ComparisonTensor[]>(
      ORDER.map((id) => [id, live.filter((tensor) => tally.verdict(tensor) === id)]),
    );
    const present = ORDER.filter((id) => by.get(id)?.length);
    const counts =
      present.length === 1 && present[0]
        ? t('all {0} {1}', live.length, tally.words[present[0]])
        : present.map((id) => t('{0} {1}', by.get(id)?.length ?? 0, tally.words[id])).join(', ');
    const most = greatest(present.map((id) => by.get(id)?.length ?? 0));
    const minority = present.filter((id) => (by.get(id)?.length ?? 0) < most).flatMap((id) => by.get(id) ?? []);
    const draw = (w: number): Drawing => strip(w, tally, live);
    const picture = {
      name: pictureName(t('Verdicts'), tally.name),
      table: () => [
        [t('tensor'), t('layer'), t('module'), tally.axis, t('verdict')],
        ...live.map((one) => [one.name, one.layer, one.module, tally.at(one), tally.words[tally.verdict(one)]]),
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
                        ${t('layer {0} {1}: {2}', one.layer ?? '', this.view.model.labels.get(one.module) ?? one.module, tally.words[tally.verdict(one)])}
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
        [t('position, Gaussian null'), num(m.principalPosition, 2)],
        [t('position, step null'), num(m.principalPositionStep, 2)],
        ['z', num(m.principalZ, 2)],
      ]
    : [
        [t('joint / isotropic'), times(energyRatio(m))],
        [t('joint energy'), percent(m.jointEnergy)],
        [t('isotropic'), percent(m.jointEnergyBaseline)],
      ];
  return {
    title: t('Layer {0}, {1}', tensor.layer ?? '', tensor.module),
    rows: [...rows, [t('verdict'), tally.words[tally.verdict(tensor)]]],
  };
}
function strip(width: number, tally: Tally, live: readonly ComparisonTensor[]): Drawing {
  const x = linear(-1, 1, 1, width - 1);
  const label = plural(
    live.length,
    '{1}: {0} matrix by {2}',
    '{1}: {0} matrices by {2}',
    live.length,
    tally.name,
    tally.axis,
  );
  const marks = live.flatMap((tensor) => {
    const at = tally.at(tensor);
    if (at === null) return [];
    const id = tally.verdict(tensor);
    return [s('line', { class: `tick tick-${id}`, x1: x(at), x2: x(at), y1: 1, y2: 13 })];
  });
  const read = live.flatMap((tensor): Mark[] => {
    const at = tally.at(tensor);
    return at === null ? [] : [{ x: x(at), y: 7, ...markOf(tally, tensor) }];
  });
  const root = s(
    'svg',
    { width, height: 28, viewBox: `0 0 ${width} 28`, role: 'img', 'aria-label': label },
    s('rect', { class: 'b-track', x: 0, y: 5.5, width, height: 3 }),
    s('rect', { class: 'b-band', x: x(-tally.zone), y: 2, width: x(tally.zone) - x(-tally.zone), height: 10 }),
    marks,
    width < ROOM_FOR_ENDS ? [] : [text(0, 25, tally.ends[0]), text(width, 25, tally.ends[2], 'end')],
    text(x(0), 25, tally.ends[1], 'middle'),
  );
  return { root, marks: read.sort((a, b) => a.x - b.x) };
}
define('ox-tally', TallyList);
