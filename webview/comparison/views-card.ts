/** The card of both views of alignment: which weights changed, and where the update points. They can disagree; neither is dropped. */
import { nothing, type TemplateResult } from 'lit';
import { OFF_ENERGY, OFF_MASK, toldOf } from '../../src/metrics/headlines.ts';
import { meanOf } from '../../src/protocol/lists.ts';
import type { ComparisonMetrics } from '../../src/protocol/results.ts';
import { disagreeing, energySaid, littleRoom, maskSaid, tally, type Said } from '../../src/metrics/verdict.ts';
import { percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t, tell } from '../shared/l10n.ts';
import '../shared/plot.ts';
import { energyHeadline, maskHeadline } from '../shared/readings.ts';
import { drawn } from './headline.ts';

export const chip = (said: Said, word = tell(said.words.title)): TemplateResult =>
  html`<span class="verdict ${said.id}" data-verdict=${said.id} title=${tell(said.words.title)}><i></i>${word}</span>`;

/** The verdict that most matrices share; with how many, if not all do. Beside a count it has to be short. */
function commonVerdict(verdicts: readonly Said[]): { verdict: Said; word: string } | null {
  const [most] = tally(verdicts, (said) => said).sort((a, b) => b.items.length - a.items.length);
  if (!most) return null;
  const { words, items } = most;
  return {
    verdict: most,
    word:
      items.length === verdicts.length
        ? tell(words.title)
        : t('{0} in {1} of {2}', tell(words.short), items.length, verdicts.length),
  };
}
/** The bar is lit only if a verdict stands. */
const direction = (id: Said['id'] | undefined): 'off' | 'on' | null => (id === 'off' || id === 'on' ? id : null);

/** `of`: of how many matrices it is a mean. */
export function viewsCard(matrices: readonly ComparisonMetrics[], of: string): TemplateResult {
  const n = matrices.length;
  const differ = matrices.filter(disagreeing).length;
  const note = differ
    ? html`<span
        class="verdict differ"
        title=${t('The mask view and the energy view say different things; neither is dropped.')}
        ><b>≠</b
        >${differ === n ? t('Views disagree in all {0}', n) : t('Views disagree in {0} of {1}', differ, n)}</span
      >`
    : matrices.filter(littleRoom).length > n / 2
      ? html`<span class="verdict">${t('Mask view has little room')}</span>`
      : nothing;
  return html`<section class="card wide" data-card="alignment">
    <h2>${t('Off-principal alignment')} ${note}<span class="of">${of}</span></h2>
    <div class="views">${maskView(matrices)} ${energyView(matrices)}</div>
  </section>`;
}

function maskView(matrices: readonly ComparisonMetrics[]): TemplateResult {
  const told = toldOf(OFF_MASK, matrices);
  const verdicts = matrices.map(maskSaid);
  const common = commonVerdict(verdicts);
  const { figure, draw, keys } = drawn(OFF_MASK, told, {
    label: t('Off-principal, mask view'),
    value: t('mean of the matrices'),
    from: told.beside[0] ?? 0,
    domain: [0, 1],
    dir: direction(common?.verdict.id),
  });
  return html`<div>
    <div class="lab">
      <span class="figure">${figure}</span
      ><span class="small quiet grow" title=${t('1 − principal overlap, mean over the matrices')}
        >${t('mask view')}</span
      >${common ? chip(common.verdict, common.word) : nothing}
    </div>
    <ox-plot .draw=${draw}></ox-plot>
    <div class="keys">${keys}</div>
    <p>
      ${maskHeadline(
        verdicts.map((v) => v.id),
        matrices.filter(littleRoom).length,
        meanOf(matrices.map((m) => m.updateDensity)),
        matrices.filter((m) => m.updateNorm === 0).length,
      )}
    </p>
  </div>`;
}

function energyView(matrices: readonly ComparisonMetrics[]): TemplateResult {
  const told = toldOf(OFF_ENERGY, matrices);
  const [isotropic = null] = told.beside;
  const common = commonVerdict(matrices.map(energySaid));
  const { figure, draw, keys } = drawn(OFF_ENERGY, told, {
    label: t('Off-principal, energy view'),
    value: t('mean of the matrices'),
    from: isotropic ?? 1,
    dir: direction(common?.verdict.id),
  });
  const mean = (id: 'leftEnergy' | 'leftEnergyBaseline' | 'rightEnergy' | 'rightEnergyBaseline'): string =>
    percent(meanOf(matrices.map((m) => m[id])));
  const left = t('left {0} ({1})', mean('leftEnergy'), mean('leftEnergyBaseline'));
  const right = t('right {0} ({1})', mean('rightEnergy'), mean('rightEnergyBaseline'));
  const inside = (outside: number | null): number | null => (outside === null ? null : 1 - outside);
  return html`<div>
    <div class="lab">
      <span class="figure">${figure}</span
      ><span class="small quiet grow" title=${t('1 − joint energy, mean over the matrices')}>${t('energy view')}</span
      >${common ? chip(common.verdict, common.word) : nothing}
    </div>
    <ox-plot .draw=${draw}></ox-plot>
    <div class="keys">
      ${keys}<i></i>
      <span
        title=${t('Mean share of the update’s energy in the leading left and right subspaces, with the isotropic share')}
        >${left}; ${right}</span
      >
    </div>
    <p>${energyHeadline(inside(told.value), inside(isotropic))}</p>
  </div>`;
}
