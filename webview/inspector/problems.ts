/** Second strip: what is wrong with the file and with its values, and the scan that finds it. Never empty: no problem is said, too. */
import { nothing, type TemplateResult } from 'lit';
import type { Problem } from '../../src/protocol/results.ts';
import type { ScanRun } from '../../src/protocol/views.ts';
import { bytes, duration, integer } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tellError } from '../shared/l10n.ts';
import { icon, s } from '../shared/svg.ts';
import { severityWord } from '../shared/words.ts';
import '../shared/windowed.ts';
import { ICON } from './icons.ts';
import type { InspectorModel } from './model.ts';
import { foundProblems, headerProblems, problemsLeftOut, type Found } from './problem-list.ts';
import { ViewElement } from './view.ts';

/** Rows before "n more". */
const SHORT_LIST = 3;
/** Longer lists show one line each, in a window: a checkpoint can be wrong in each of 36,000 tensors. */
const WRAPPED = 50;

class Problems extends ViewElement {
  static override properties = { ...ViewElement.properties, all: { state: true }, whole: { state: true } };
  declare all: boolean;
  /** the message that is shown in full; the others have a line each */
  declare whole: string | null;

  constructor() {
    super();
    this.all = false;
    this.whole = null;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model } = this.view;
    if (!model.facts) return nothing;
    const found = foundProblems(model);
    const all = found.length + problemsLeftOut(model);
    // What the values hold comes bit by bit: it takes no rows that were not there, so that nothing below moves.
    const room = model.scan ? SHORT_LIST : Math.min(SHORT_LIST, headerProblems(model).length);
    const shown = this.all ? found : found.slice(0, room);
    const rest = all - shown.length - (shown.length || !found.length ? 0 : 1);
    const failed = found.some((problem) => problem.severity === 'error');
    const { scan } = model;
    return html`<section
      class="problems"
      data-problems=${all}
      data-scan=${scan?.state ?? 'none'}
      aria-label=${t('Problems')}
    >
      ${scan?.state === 'running' ? bar(scan) : nothing}
      ${
        shown.length > WRAPPED
          ? html`<ox-long-list
              .items=${shown}
              .label=${t('Problems')}
              .line=${(problem: Found) => this.line(problem, false)}
            ></ox-long-list>`
          : shown.length
            ? html`<div class="list" role=${failed ? 'alert' : 'status'}>
                ${shown.map((problem) => this.line(problem))}
              </div>`
            : nothing
      }
      <div class="row">
        ${shown.length || !found[0] || model.scan ? this.outcome(found) : this.line(found[0])}
        ${
          rest > 0 || this.all
            ? html`<button
                data-action="all-problems"
                aria-expanded=${String(this.all)}
                @click=${() => (this.all = !this.all)}
              >
                ${this.all ? t('Show Fewer') : t('{0} more', integer(rest))}
              </button>`
            : nothing
        }
        ${this.action()}
      </div>
    </section>`;
  }

  /** What was looked at, and what that says. */
  private outcome(found: readonly Found[]): TemplateResult {
    const { model } = this.view;
    const { scan } = model;
    const rest = problemsLeftOut(model)
      ? ` ${t('The first {0} are listed; “offaxis check” lists all.', integer(found.length))}`
      : '';
    if (!scan)
      return found.length
        ? html`<span class="grow quiet">${checked(model)}${rest}</span>`
        : html`${icon(ICON.pass, 'ok')}<span>${t('No problems in the header.')}</span
            ><span class="grow quiet">${checked(model)}</span>`;
    switch (scan.state) {
      case 'running': {
        const left = scan.secondsLeft === null ? '' : `, ${t('about {0} left', duration(scan.secondsLeft))}`;
        return html`<span class="grow">${t('Scanning: {0} of {1}', bytes(scan.done), bytes(scan.total))}${left}</span>`;
      }
      case 'cancelled':
        return html`${icon(ICON.circleSlash)}<span class="grow" role="status"
            >${t('Scan cancelled after {0} of {1}. What was found until then is listed.', bytes(scan.done), bytes(scan.total))}${rest}</span
          >`;
      case 'failed':
        return html`${icon(ICON.error, 'err')}<span class="grow" role="alert"
            >${scan.error ? tellError(scan.error) : nothing}</span
          >`;
      case 'done':
        return this.done(scan, found, rest);
    }
  }
  private done({ coverage }: ScanRun, found: readonly Found[], rest: string): TemplateResult {
    if (!coverage) return html`<span class="grow"></span>`;
    const tensors = plural(coverage.scanned, '{0} tensor', '{0} tensors', integer(coverage.scanned));
    const left = coverage.notScanned
      .map(({ reason, tensors: n }) => `; ${t('not scanned: {0} {1}', integer(n), reason)}`)
      .join('');
    const looked = t('Scanned {0}, {1}, for {2}', tensors, bytes(coverage.scannedBytes), coverage.rules.join(', '));
    return found.length
      ? html`<span class="grow quiet" role="status">${looked}${left}.${rest}</span>`
      : html`${icon(ICON.pass, 'ok')}<span class="grow" role="status"
            ><span class="ok">${t('No problems found.')}</span> <span class="quiet">${looked}${left}.</span></span
          >`;
  }
  private action(): TemplateResult {
    const { model, post } = this.view;
    const { scan } = model;
    if (scan?.state === 'running')
      return html`<button data-action="cancel-scan" @click=${() => post({ type: 'cancelScan' })}>
        ${t('Cancel')}
      </button>`;
    return html`<button
      data-action="scan"
      ?disabled=${model.disk !== null}
      title=${t('Read every weight and look for NaN, dead rows, duplicates, overflow and scales out of line')}
      @click=${() => post({ type: 'scan' })}
    >
      ${scan ? t('Scan Again') : t('Scan for Problems')}
    </button>`;
  }

  private line({ severity, message, tensor }: Found, opens = true): TemplateResult {
    const [mark, name] = MARKS[severity];
    const known = tensor !== undefined && this.view.model.row(tensor) !== null;
    const text = html`<span class="sr">${severityWord(severity)}: </span>${message}`;
    const isWhole = this.whole === message;
    return html`<div class="row grow ${isWhole && opens ? 'whole' : ''}" data-severity=${severity}>
      ${icon(mark, name)}${
        opens
          ? html`<button
              class="message cut grow"
              title=${message}
              aria-expanded=${String(isWhole)}
              @click=${() => (this.whole = isWhole ? null : message)}
            >
              ${text}
            </button>`
          : html`<span class="grow cut" title=${message}>${text}</span>`
      }
      ${
        known && tensor !== undefined
          ? html`<button data-action="show-tensor" data-target=${tensor} @click=${() => this.view.reveal(tensor)}>
              ${t('Show Tensor')}
            </button>`
          : nothing
      }
    </div>`;
  }
}
const MARKS: Record<Problem['severity'], [number, string]> = {
  error: [ICON.error, 'err'],
  warning: [ICON.warning, 'wrn'],
  info: [ICON.info, 'inf'],
};

function bar({ done, total }: ScanRun): TemplateResult {
  const share = total > 0 ? done / total : 0;
  return html`<div
    class="progress"
    role="progressbar"
    aria-label=${t('Scan for Problems')}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.round(100 * share)}
  >
    ${s(
      'svg',
      { viewBox: '0 0 100 2', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      s('rect', { x: 0, y: 0, width: 100 * share, height: 2 }),
    )}
  </div>`;
}

function checked(model: InspectorModel): string {
  const readable = model.rows.filter(({ tensor }) => model.isReadable(tensor)).length;
  const read = model.statistics.size;
  if (!read) return '';
  const { nan, inf } = [...model.statistics.values()].reduce(
    (sum, { stats }) => ({ nan: sum.nan + stats.nan, inf: sum.inf + stats.inf }),
    { nan: 0, inf: 0 },
  );
  const clean = nan + inf === 0 ? `: ${t('no NaN, no infinity')}` : '';
  return read >= readable
    ? t('All {0} tensors read{1}.', integer(read), clean)
    : t('{0} of {1} tensors read{2}.', integer(read), integer(readable), clean);
}
customElements.define('ox-problems', Problems);
