/** Which weights of one matrix changed and where its update points, in full: every mask and every energy beside all that noise gives. */
import type { TemplateResult } from 'lit';
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import { energyRatio, energySaid, maskSaid, VERDICT_POSITION, VERDICT_Z } from '../../src/metrics/verdict.ts';
import { num, percent, times } from '../shared/format.ts';
import type { CardRow } from '../shared/hover-card.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import '../shared/plot.ts';
import type { Drawing } from '../shared/plot.ts';
import { key, readBullet, type NullMark } from '../shared/svg.ts';
import { chip } from '../shared/verdict-chip.ts';
import { twinParts } from './twin.ts';

interface BulletRow {
  name: string;
  value: number | null;
  from: number | null;
  nulls: { v: number | null; kind: NullMark }[];
  range: [number, number] | null;
  dir: 'on' | 'off' | null;
  right: string;
  isEnergy?: true;
  /** the share of noise of the same size, if there is a twin */
  noise: number | null;
}
function nullName(kind: NullMark, isEnergy: boolean): string {
  if (kind === 'null2') return t('noise, equal steps');
  if (kind === 'null3') return t('noise, proportional');
  return isEnergy ? t('random direction') : t('noise, Gaussian');
}
function bulletTable(first: string, last: string, rows: readonly BulletRow[]): TemplateResult {
  return html`<div class="bt">
    <span class="hd">${first}</span><span></span><span class="hd num">${t('share')}</span
    ><span class="hd num">${last}</span>
    ${rows.map((r) => {
      const twin = twinParts(r.value, r.noise, percent);
      const draw = (w: number): Drawing =>
        readBullet(
          w,
          {
            value: r.value,
            from: r.from ?? 0,
            nulls: [...r.nulls, ...twin.nulls],
            ...(r.range ? { range: r.range } : {}),
            domain: [0, 1],
            dir: r.dir,
            label: `${first} ${r.name}`,
            rows: [
              [t('share'), percent(r.value)],
              ...r.nulls.map(({ v, kind }): CardRow => [nullName(kind, r.isEnergy === true), percent(v)]),
              ...twin.rows,
              [last, r.right],
              ...(r.range
                ? [[t('possible range'), t('{0} to {1}', percent(r.range[0]), percent(r.range[1]))] as const]
                : []),
            ],
          },
          14,
        );
      return html`<span>${r.name}</span><ox-plot .draw=${draw}></ox-plot><span class="num">${percent(r.value)}</span
        ><span class="num">${r.right}</span>`;
    })}
  </div>`;
}

export function alignment({ metrics: m }: ComparisonTensor): TemplateResult {
  const mask = maskSaid(m);
  const energy = energySaid(m);
  const maskRows = (
    [
      ['principal', t('main entries')],
      ['low', t('smallest weights')],
      ['principalNotLow', t('main, not smallest')],
    ] as const
  ).map(([p, name]): BulletRow => ({
    name,
    value: m[`${p}Overlap`] ?? null,
    from: m[`${p}Null`] ?? null,
    nulls: [
      { v: m[`${p}Null`] ?? null, kind: 'null' },
      { v: m[`${p}NullStep`] ?? null, kind: 'null2' },
      { v: m[`${p}NullProportional`] ?? null, kind: 'null3' },
    ],
    range: m[`${p}Range`] ?? null,
    // only the principal mask has a verdict
    dir: p === 'principal' && (mask.id === 'on' || mask.id === 'off') ? mask.id : null,
    right: times(m[`${p}Lift`] ?? null),
    noise: m.twin?.[`${p}Overlap`] ?? null,
  }));
  const energyRows = (
    [
      ['joint', t('main output × input directions')],
      ['left', t('main output directions')],
      ['right', t('main input directions')],
    ] as const
  ).map(([p, name]): BulletRow => {
    const ratio = energyRatio(m, p);
    const baseline = m[`${p}EnergyBaseline`] ?? null;
    return {
      name,
      value: m[`${p}Energy`] ?? null,
      from: baseline,
      nulls: [{ v: baseline, kind: 'null' }],
      range: [0, 1],
      // only the joint energy has a verdict
      dir: p === 'joint' && (energy.id === 'on' || energy.id === 'off') ? energy.id : null,
      right: times(ratio),
      noise: m.twin?.[`${p}Energy`] ?? null,
      isEnergy: true,
    };
  });
  const range = m.principalRange;
  return html`<details class="sect" data-section="alignment">
    <summary>${t('Main entries and main directions in full')}</summary>
    <div class="two">
      <div>
        <h3 class="row"><span class="grow">${t('Which weights changed')}</span>${chip(mask)}</h3>
        ${bulletTable(t('changed weights in'), t('× noise'), maskRows)}
        <div class="keys" title=${t('Marks of the main entries')}>
          ${key('null', t('noise, Gaussian {0}', percent(m.principalNull)))}${key('null2', t('noise, equal steps {0}', percent(m.principalNullStep)))}${key('null3', t('noise, proportional {0}', percent(m.principalNullProportional)))}${twinParts(m.principalOverlap ?? null, m.twin?.principalOverlap, percent).key}${key(
            'band',
            range ? t('possible range {0} to {1}', percent(range[0]), percent(range[1])) : t('possible range {0}', '–'),
          )}
        </div>
        <p class="small quiet">
          ${t('Of the main entries {0} changed, of all weights {1}.', percent(m.principalDensity), percent(m.updateDensity))}
          ${t('Of the smallest weights {0} changed.', percent(m.lowDensity))}
          ${t(
            'Position in the possible range {0} (Gaussian), {1} (equal steps), {2} (proportional), z {3}. A verdict needs {4} against all three and |z| over {5}; z assumes independent changes.',
            num(m.principalPosition, 2),
            num(m.principalPositionStep, 2),
            num(m.principalPositionProportional, 2),
            num(m.principalZ, 2),
            VERDICT_POSITION,
            VERDICT_Z,
          )}
        </p>
      </div>
      <div>
        <h3 class="row"><span class="grow">${t('Where the update points')}</span>${chip(energy)}</h3>
        ${bulletTable(t('energy of the update in'), t('× random'), energyRows)}
        <div class="keys">
          ${key('null', t('random direction {0}', percent(m.jointEnergyBaseline)))}${twinParts(m.jointEnergy ?? null, m.twin?.jointEnergy, percent).key}${key('band', t('possible range 0 to {0}', percent(1)))}
        </div>
        <p class="small quiet">
          ${t('{0} main directions. Rounding lowers the share of a random direction by up to 8 %; no significance is claimed.', m.maskRank ?? '–')}
        </p>
      </div>
    </div>
  </details>`;
}
