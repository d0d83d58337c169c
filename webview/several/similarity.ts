/** One figure of every two runs: a matrix of runs by runs, each cell with what chance gives. A cell chooses its pair. */
import type { TemplateResult } from 'lit';
import { exact } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { t } from '../shared/l10n.ts';
import { css, diverging, inkOn } from '../shared/scales.ts';
import '../shared/term.ts';
import type { RunPair } from '../../src/protocol/several.ts';
import type { Similarity } from './agreement.ts';
import { markOf } from './marks.ts';
import { pairOf, type View } from './view.ts';

/** Up to so many runs a cell has room for chance under its value. */
const ROOM_FOR_CHANCE = 4;
const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};
const isPair = ({ i, j }: RunPair, one: number, other: number): boolean =>
  i === Math.min(one, other) && j === Math.max(one, other);

export function similarityMatrix(view: View, of: Similarity, pairs: readonly RunPair[]): TemplateResult {
  const { model } = view;
  const chosen = pairOf(view);
  const runs = model.runs.map(({ name }, run) => ({ name, run, glyph: markOf(run).glyph }));
  const isRoomy = runs.length <= ROOM_FOR_CHANCE;
  return html`<figure class="sim" data-similarity=${of.id}>
    <figcaption>
      <b>${of.term ? html`<ox-term term=${of.term} .label=${of.name}></ox-term>` : of.name}</b>
      <span class="quiet small">${of.text}</span>
    </figcaption>
    <div class="simbox">
      <table role="grid" aria-label=${t('{0}, runs by runs', of.name)} @keydown=${walk}>
        <thead>
          <tr>
            <td></td>
            ${runs.map(
              ({ name, glyph }) =>
                html`<th scope="col" title=${name}>
                  <span class="simname">${isRoomy ? `${glyph} ${name}` : glyph}</span>
                </th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${runs.map(
            (row) =>
              html`<tr>
                <th scope="row" title=${row.name}><span class="simname">${row.glyph} ${row.name}</span></th>
                ${runs.map((column) => {
                  const pair = pairs.find((one) => isPair(one, row.run, column.run));
                  if (row.run === column.run || !pair)
                    return html`<td role="gridcell" class="self">${row.run === column.run ? '=' : '–'}</td>`;
                  const isChosen = isPair(pair, chosen[0], chosen[1]);
                  return html`<td role="gridcell" aria-selected=${String(isChosen)}>
                    ${cell(view, of, pair, row.run > column.run, [row.name, column.name], isChosen, isRoomy)}
                  </td>`;
                })}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </figure>`;
}

function cell(
  { set, ui }: View,
  of: Similarity,
  pair: RunPair,
  isBack: boolean,
  [row, column]: readonly [string, string],
  isChosen: boolean,
  isRoomy: boolean,
): TemplateResult {
  const value = of.value(pair, isBack);
  const chance = of.chance(pair, isBack);
  const colour = diverging(value === null ? 0 : of.tone(value, chance));
  const [shown, beside] = [of.format(value), of.chanceText(chance)];
  const name = t('{0} and {1}, {2}', row, column, of.name);
  // one stop of the Tab key a matrix: the upper one of the pair
  const isStop = isChosen && !isBack;
  return html`<button
    class=${isChosen ? 'chosen' : ''}
    data-pair=${`${pair.i},${pair.j}`}
    tabindex=${isStop ? 0 : -1}
    aria-pressed=${String(isChosen && ui.pairFigure === of.id)}
    title=${[name, exact(value), beside]}
    .style=${`background-color: ${css(colour)}; color: ${inkOn(colour)}`}
    @click=${() => set({ pair: [pair.i, pair.j], pairFigure: of.id })}
  >
    <span class="sr">${name}: </span><span>${shown}</span> <small class=${isRoomy ? '' : 'sr'}>${beside}</small>
  </button>`;
}

/** Arrows walk the cells; what lies on the diagonal is passed over. */
function walk(event: KeyboardEvent): void {
  const move = MOVES[event.key];
  const from = (event.target as HTMLElement).closest('td');
  const row = from?.parentElement;
  const table = from?.closest('tbody');
  if (!move || !from || !row || !table) return;
  event.preventDefault();
  let [y, x] = [[...table.children].indexOf(row), [...row.children].indexOf(from)];
  for (;;) {
    y += move[0];
    x += move[1];
    const next = table.children[y]?.children[x];
    if (!next?.matches('td')) return;
    const button = next.querySelector('button');
    if (button) return button.focus();
  }
}
