/** What is not whole, in one line that is there only if something is: each part leads to its tensor, or to the list that names all. */
import { nothing, type TemplateResult } from 'lit';
import { describeName } from '../../src/families/index.ts';
import { adapterSaid } from '../../src/metrics/adapter.ts';
import { coverageWarning, coveredShare, isPartial, pairingNotes } from '../../src/metrics/coverage.ts';
import { lineageWarning } from '../../src/metrics/lineage.ts';
import { quantisationSaid } from '../../src/metrics/quantisation.ts';
import { cutText, integer, num, percent } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t, tell } from '../shared/l10n.ts';
import { icon } from '../shared/svg.ts';
import { openRest } from './rest.ts';
import { CostlyElement, define } from './view.ts';

type Severity = 'error' | 'warning' | 'info';
const ICON: Readonly<Record<Severity, number>> = { error: 0xea87, warning: 0xea6c, info: 0xea74 };
/** Characters of a name and of a note. */
const MAX_NAME = 120;
const MAX_NOTE = 400;
/** Notes of one kind that stand in the line; the list below the map has all. */
const MAX_NOTES = 3;

interface Item {
  /** of the `data-` attribute, with what it says there */
  id: string;
  value: string;
  severity: Severity;
  text: string;
  /** the whole sentence, if the text is short for one */
  title?: string;
  /** name of the pair that it leads to; else it leads to the list */
  pair?: string | undefined;
}
/** How the reason begins that pairing gives for two shapes (src/checkpoint/whyNot.ts). */
const RESHAPED = 'shapes differ';
const shown = (text: string): string => cutText(text, MAX_NAME);

class Integrity extends CostlyElement {
  protected override content(): TemplateResult | typeof nothing {
    const { state } = this.view.model;
    if (!state?.plan?.pairs.length) return nothing;
    const items = [
      ...this.lineage(),
      ...this.failed(),
      ...this.notFinite(),
      ...this.adapter(),
      ...this.coverage(),
      ...this.missing(),
      ...this.quantisation(),
      ...this.problems(),
    ];
    if (items.length === 0) return nothing;
    return html`<div class="integrity" role="status">
      ${items.map((item) => this.item(item))}${this.view.model.failed.size ? this.again() : nothing}
    </div>`;
  }

  private item({ id, value, severity, text, title = '', pair }: Item): TemplateResult {
    return html`<button
      class="fact is-${severity}"
      data-fact=${id}
      data-value=${value}
      title=${title}
      @click=${() => this.open(pair)}
    >
      ${icon(ICON[severity])}<span>${text}</span>
    </button>`;
  }
  /** For all that failed; the detail of a matrix has both for that one. */
  private again(): TemplateResult {
    const { model, post } = this.view;
    const retry = (): void => {
      model.failed.clear();
      post({ type: 'retry' });
    };
    return html`<button class="link" data-action="retry" @click=${retry}>${t('Retry')}</button
      ><button class="link" data-action="show-log" @click=${() => post({ type: 'showLog' })}>${t('Show Log')}</button>`;
  }
  private open(name: string | undefined): void {
    const pair = name === undefined ? undefined : this.view.model.matrices.find((one) => one.name === name);
    if (pair && pair.layer !== null)
      return this.view.set({ cell: { layer: pair.layer, module: pair.module }, member: pair.name });
    openRest();
  }
  /** "layer 3, v" of a matrix on the map, else its name. */
  private place(name: string): string {
    const { matrices, labels } = this.view.model;
    const pair = matrices.find((one) => one.name === name);
    if (!pair || pair.layer === null) return shown(name);
    return t('layer {0}, {1}', pair.layer, labels.get(pair.module) ?? pair.module);
  }

  private lineage(): Item[] {
    const found = this.view.model.state?.summary?.lineage;
    const warning = found && lineageWarning(found);
    if (!found || !warning) return [];
    return [
      {
        id: 'lineage',
        value: found.verdict ?? '',
        severity: 'error',
        text: t('Not base and tuned: median cosine {0}', num(found.cosine, 3)),
        title: tell(warning),
      },
    ];
  }
  private failed(): Item[] {
    const { failed } = this.view.model;
    const [first] = failed;
    if (!first) return [];
    const [name, { message }] = first;
    return [
      {
        id: 'failed',
        value: String(failed.size),
        severity: 'error',
        text:
          failed.size === 1
            ? t('{0} failed', this.place(name))
            : plural(failed.size, '{0} matrix failed', '{0} matrices failed', integer(failed.size)),
        title: naming(name, message),
        pair: name,
      },
    ];
  }
  private notFinite(): Item[] {
    const { tensors } = this.view.model;
    let [count, first]: [number, string | undefined] = [0, undefined];
    for (const { name, metrics } of tensors.values())
      if (metrics.updateNorm === null) {
        count++;
        first ??= name;
      }
    if (first === undefined) return [];
    return [
      {
        id: 'not-finite',
        value: String(count),
        severity: 'error',
        text:
          count === 1
            ? t('{0} holds NaN or infinity', this.place(first))
            : plural(count, '{0} tensor holds NaN or infinity', '{0} tensors hold NaN or infinity', integer(count)),
        title: first,
        pair: first,
      },
    ];
  }
  private adapter(): Item[] {
    const plan = this.view.model.state?.plan;
    const said = plan && adapterSaid(plan, (scale) => num(scale, 4), shown);
    if (!said) return [];
    return [{ id: 'adapter', value: shown(plan.tunedAdapter?.kind ?? ''), severity: 'info', text: tell(said) }];
  }
  /** How much of the base the figures are of, and how the two sides were made to agree. */
  private coverage(): Item[] {
    const { coverage, state } = this.view.model;
    const share = coverage && coveredShare(coverage);
    const isPart = share !== null && isPartial(share);
    const warning = coverage && coverageWarning(coverage, percent, shown);
    const notes = pairingNotes(state?.plan?.problems ?? []);
    return [
      ...(isPart
        ? [
            {
              id: 'coverage',
              value: String(share),
              severity: 'warning' as const,
              text: t("{0} of the base's weights compared", percent(share)),
              title: warning ? tell(warning) : '',
            },
          ]
        : []),
      ...notes.slice(0, MAX_NOTES).map(({ code, message }): Item => ({
        id: 'note',
        value: code,
        severity: 'info',
        text: cutText(message, MAX_NOTE),
      })),
    ];
  }
  /** Matrices of the layers that have no partner, or one of another shape. */
  private missing(): Item[] {
    const plan = this.view.model.state?.plan;
    // an adapter has a few tensors of its own and leaves the rest as it is
    if (!plan || plan.tunedAdapter) return [];
    const { leftOut } = this.view.model;
    const isMatrix = (name: string): boolean => describeName(name).layer !== null;
    const baseOnly = plan.unpaired.baseOnly.filter(isMatrix);
    const tunedOnly = plan.unpaired.tunedOnly.filter(isMatrix);
    const reshaped = plan.skipped.filter(({ name, reason }) => isMatrix(name) && reason.startsWith(RESHAPED));
    const item = (id: string, names: readonly string[], one: (name: string) => string, many: string): Item[] =>
      names[0] === undefined
        ? []
        : [
            {
              id,
              value: String(names.length),
              severity: 'warning',
              text: names.length === 1 ? one(shown(names[0])) : many,
              title: names[0],
            },
          ];
    const missing = baseOnly.length + (baseOnly.length ? leftOut.baseOnly : 0);
    return [
      ...item(
        'missing',
        baseOnly,
        (name) => t('{0} is missing in the tuned checkpoint', name),
        plural(
          missing,
          '{0} tensor is missing in the tuned checkpoint',
          '{0} tensors are missing in the tuned checkpoint',
          integer(missing),
        ),
      ),
      ...item(
        'added',
        tunedOnly,
        (name) => t('{0} is only in the tuned checkpoint', name),
        plural(
          tunedOnly.length,
          '{0} tensor is only in the tuned checkpoint',
          '{0} tensors are only in the tuned checkpoint',
          integer(tunedOnly.length),
        ),
      ),
      ...item(
        'reshaped',
        reshaped.map(({ name }) => name),
        (name) => t('{0}: {1}', name, shown(reshaped[0]?.reason ?? '')),
        plural(reshaped.length, '{0} tensor is reshaped', '{0} tensors are reshaped', integer(reshaped.length)),
      ),
    ];
  }
  /** What the difference is, if a side is quantised. */
  private quantisation(): Item[] {
    const found = this.view.model.state?.summary?.quantisation;
    return found
      ? [{ id: 'quantisation', value: found.text, severity: 'info', text: tell(quantisationSaid(found)) }]
      : [];
  }
  /** Findings in the files: missing shards, damaged headers. */
  private problems(): Item[] {
    const { state, leftOut } = this.view.model;
    const list = (state?.plan?.problems ?? []).filter(
      ({ code, severity }) => severity !== 'info' && !code.startsWith('pairing-'),
    );
    const [first] = list;
    if (!first) return [];
    const count = list.length + leftOut.problems;
    return [
      {
        id: 'problems',
        value: String(count),
        severity: list.some(({ severity }) => severity === 'error') ? 'error' : 'warning',
        text:
          count === 1
            ? cutText(first.message, MAX_NOTE)
            : plural(count, '{0} finding in the files', '{0} findings in the files', integer(count)),
        title: first.message,
      },
    ];
  }
}
define('ox-integrity', Integrity);

/** The message, led by the tensor's name if it does not name it itself. */
export const naming = (name: string, message: string): string =>
  message.includes(name) ? message : `${name}: ${message}`;
