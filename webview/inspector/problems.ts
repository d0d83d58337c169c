/** Second strip: what is wrong with the file and with the values read so far. Never empty: no problem is said, too. */
import { html, nothing, type TemplateResult } from 'lit';
import type { Problem } from '../../src/protocol/results.ts';
import { integer } from '../shared/format.ts';
import { icon } from '../shared/svg.ts';
import { ICON } from './icons.ts';
import type { InspectorModel } from './model.ts';
import { type Found, inValues } from './problem-list.ts';
import { ViewElement } from './view.ts';

/** Lines shown before "Show All". */
const SHORT_LIST = 4;

class Problems extends ViewElement {
  static override properties = { ...ViewElement.properties, all: { state: true } };
  declare all: boolean;

  constructor() {
    super();
    this.all = false;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this.view;
    if (!model.facts) return nothing;
    const found = [...model.facts.problems, ...inValues(model)].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
    if (!found.length)
      return html`<section class="problems" data-problems="0" aria-label="Problems">
        <div class="row">
          ${icon(ICON.pass, 'ok')}<span>No problems in the header.</span><span class="quiet">${checked(model)}</span>
        </div>
      </section>`;
    const shown = this.all ? found : found.slice(0, SHORT_LIST);
    const failed = found.some((problem) => problem.severity === 'error');
    return html`<section class="problems" data-problems=${found.length} aria-label="Problems">
      <div class="list" role=${failed ? 'alert' : 'status'}>${shown.map((problem) => this.line(problem))}</div>
      ${
        found.length > SHORT_LIST
          ? html`<button
              data-action="all-problems"
              aria-expanded=${String(this.all)}
              @click=${() => (this.all = !this.all)}
            >
              ${this.all ? 'Show Fewer' : `Show All ${integer(found.length)} Problems`}
            </button>`
          : nothing
      }
    </section>`;
  }

  private line({ severity, message, tensor }: Found): TemplateResult {
    const [mark, name] = MARKS[severity];
    const known = tensor !== undefined && this.view.model.row(tensor) !== null;
    return html`<div class="row" data-severity=${severity}>
      ${icon(mark, name)}<span class="grow"><span class="sr">${severity}: </span>${message}</span>
      ${
        known && tensor !== undefined
          ? html`<button data-action="show-tensor" data-target=${tensor} @click=${() => this.view.reveal(tensor)}>
              Show Tensor
            </button>`
          : nothing
      }
    </div>`;
  }
}
const RANK = { error: 0, warning: 1, info: 2 };
const MARKS: Record<Problem['severity'], [number, string]> = {
  error: [ICON.error, 'err'],
  warning: [ICON.warning, 'wrn'],
  info: [ICON.info, 'inf'],
};

function checked(model: InspectorModel): string {
  const readable = model.rows.filter(({ tensor }) => model.isReadable(tensor)).length;
  if (!model.statistics.size) return '';
  const all = model.statistics.size >= readable;
  return `${all ? 'All ' : ''}${integer(model.statistics.size)}${all ? '' : ` of ${integer(readable)}`} tensors scanned: no NaN, no infinity.`;
}
customElements.define('ox-problems', Problems);
