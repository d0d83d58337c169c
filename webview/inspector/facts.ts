/** First strip: what the checkpoint is, and the way to a comparison. */
import { nothing, type TemplateResult } from 'lit';
import type { CheckpointFacts } from '../../src/protocol/engine.ts';
import { MOST_NAME } from '../../src/protocol/forPage.ts';
import { bytes, count, integer, num } from '../shared/format.ts';
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import type { AdapterFacts } from '../../src/protocol/adapter.ts';
import { adapterPanel, adapterText } from './adapter.ts';
import { digest } from './digest.ts';
import { contextTokens, memoryPanel, memorySummary } from './memory.ts';
import { ViewElement } from './view.ts';

const fact = (name: string, value: unknown, title?: string | readonly string[]): TemplateResult =>
  html`<div>
    <dt>${name}</dt>
    <dd title=${title ?? nothing}>${value}</dd>
  </div>`;

/** Types that are written out; the title names the rest. */
const SHOWN_TYPES = 6;

class Facts extends ViewElement {
  static override properties = {
    ...ViewElement.properties,
    more: { state: true },
    isCut: { state: true },
    open: { state: true },
    memory: { state: true },
    adapter: { state: true },
    tokens: { state: true },
  };
  /** everything is shown, in as many lines as that takes */
  declare more: boolean;
  /** some facts have no room in the line */
  declare isCut: boolean;
  declare open: boolean;
  /** the memory's section is open */
  declare memory: boolean;
  /** the adapter's section is open */
  declare adapter: boolean;
  /** context asked for; null: the model's longest */
  declare tokens: number | null;

  constructor() {
    super();
    this.more = false;
    this.isCut = false;
    this.open = false;
    this.memory = false;
    this.adapter = false;
    this.tokens = null;
  }

  private readonly observer = new ResizeObserver(() => this.measure());

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.observer.disconnect();
  }
  protected override updated(): void {
    const list = this.querySelector('.facts dl');
    if (list) this.observer.observe(list);
    this.measure();
  }
  /** What wraps below the first line is out of sight, and out of the keyboard's way. */
  private measure(): void {
    const items = [...this.querySelectorAll<HTMLElement>('.facts dl > div')];
    const top = items[0]?.offsetTop ?? 0;
    const below = items.map((item) => item.offsetTop > top + 4);
    items.forEach((item, i) => item.classList.toggle('below', below[i] === true && !this.more));
    this.isCut = below.includes(true);
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const { facts, baseSelected } = model;
    if (!facts) return nothing;
    const base = baseSelected === null || baseSelected === facts.path ? null : baseSelected;
    const metadata = Object.entries(facts.metadata);
    return html`<header class="facts ${this.more ? 'all' : ''}">
        <h1 class="sr">${t('Checkpoint {0}', shortPath(facts.path))}</h1>
        <dl class="grow">
          ${facts.adapter ? this.adapterFact(facts.adapter) : nothing} ${fact(t('Format'), facts.format, facts.path)}
          ${this.tensors(facts)} ${this.parameters(facts)}
          ${fact(
            t('Size'),
            t('{0}, header {1}', bytes(facts.sizeBytes), bytes(facts.headerBytes)),
            t('{0} bytes, header {1} bytes', integer(facts.sizeBytes), integer(facts.headerBytes)),
          )}
          ${this.types(facts)} ${this.shards(facts)} ${this.config(facts)}
          ${fact(
            t('Memory'),
            html`<button
              class="inline"
              data-action="memory"
              aria-expanded=${String(this.memory)}
              title=${t('Memory to load and to serve, estimated')}
              @click=${() => (this.memory = !this.memory)}
            >
              ${memorySummary(facts.memory)}
            </button>`,
          )}
          ${facts.sizeBytes ? fact('SHA-256', digest(this.view, null)) : nothing}
          ${
            metadata.length
              ? fact(
                  t('Metadata'),
                  html`<button
                    class="inline"
                    data-action="metadata"
                    aria-expanded=${String(this.open)}
                    title=${this.open ? t('Hide the metadata') : t('Show the metadata')}
                    @click=${() => (this.open = !this.open)}
                  >
                    ${summary(metadata, facts.metadataLeftOut ?? 0)}
                  </button>`,
                )
              : nothing
          }
        </dl>
        <button
          data-action="more-facts"
          ?hidden=${!this.isCut && !this.more}
          aria-expanded=${String(this.more)}
          @click=${() => (this.more = !this.more)}
        >
          ${this.more ? t('Less') : t('More')}
        </button>
        <button
          class="secondary"
          data-action="compare"
          title=${base === null ? t('Choose another checkpoint to compare with') : t('Compare with {0}', base)}
          @click=${() => post({ type: 'compareWithBase' })}
        >
          ${base === null ? t('Compare with Base…') : t('Compare with {0}', shortPath(base))}
        </button>
      </header>
      ${this.adapter && facts.adapter ? adapterPanel(facts.adapter, model.updates, model.disk !== null) : nothing}
      ${
        this.memory
          ? memoryPanel(facts.memory, this.tokens ?? contextTokens(facts.memory), (tokens) => (this.tokens = tokens))
          : nothing
      }
      ${
        this.open
          ? html`<dl class="metadata" data-metadata>
              ${metadata.map(
                ([key, value]) =>
                  html`<dt class="mono">${key}</dt>
                    <dd class="mono">${linesOf(value)}</dd>`,
              )}
              ${
                facts.metadataLeftOut
                  ? html`<dt></dt>
                      <dd class="quiet" data-left-out>
                        ${plural(
                          facts.metadataLeftOut,
                          '{0} more entry is left out; “offaxis inspect --json” has it.',
                          '{0} more entries are left out; “offaxis inspect --json” has them.',
                          integer(facts.metadataLeftOut),
                        )}
                      </dd>`
                  : nothing
              }
            </dl>`
          : nothing
      }`;
  }

  private tensors({ tensors, tensorsLeftOut = 0 }: CheckpointFacts): TemplateResult {
    const all = integer(tensors.length + tensorsLeftOut);
    if (!tensorsLeftOut) return fact(t('Tensors'), all);
    const note = plural(
      tensorsLeftOut,
      '{0} tensor has a name of more than {1} characters and is not listed here; “offaxis inspect --json” has it.',
      '{0} tensors have names of more than {1} characters and are not listed here; “offaxis inspect --json” has them.',
      integer(tensorsLeftOut),
      integer(MOST_NAME),
    );
    return fact(
      t('Tensors'),
      html`${all}<span class="quiet" data-tensors-left-out>${t(', {0} not listed', integer(tensorsLeftOut))}</span>`,
      note,
    );
  }
  private adapterFact(adapter: AdapterFacts): TemplateResult {
    const { model, post } = this.view;
    return fact(
      t('Adapter'),
      html`<button
        class="inline"
        data-action="adapter"
        aria-expanded=${String(this.adapter)}
        title=${t('What the adapter does by itself: norms, spectra and energies of its updates')}
        @click=${() => {
          this.adapter = !this.adapter;
          if (this.adapter && !model.updates) post({ type: 'updates' });
        }}
      >
        ${adapterText(adapter)}
      </button>`,
    );
  }
  private parameters(facts: CheckpointFacts): TemplateResult {
    if (facts.parameters === null) return fact(t('Parameters'), t('packed, not counted'), this.quantisation(facts));
    const unknown = facts.tensors.filter((tensor) => tensor.missing).length;
    if (!unknown)
      return fact(
        t('Parameters'),
        count(facts.parameters),
        [integer(facts.parameters), this.quantisation(facts)].filter((text) => text !== '').join('; '),
      );
    const note = plural(
      unknown,
      '{0} tensor lies in a missing shard: its shape is not known.',
      '{0} tensors lie in missing shards: their shapes are not known.',
      integer(unknown),
    );
    return fact(t('Parameters'), facts.parameters ? t('{0} at hand', count(facts.parameters)) : t('unknown'), note);
  }
  /** "quantised: FP8, blocks of 128 (14 tensors)" */
  private quantisation({ quantisation }: CheckpointFacts): string {
    if (quantisation.length === 0) return '';
    const kinds = quantisation.map(({ text, tensors }) => t('{0} ({1} tensors)', text, integer(tensors)));
    return t('quantised: {0}', kinds.join('; '));
  }
  private types(facts: CheckpointFacts): TemplateResult {
    const types = Object.entries(facts.dtypes)
      .filter(([type]) => type !== '?')
      .sort((a, b) => b[1] - a[1]);
    const text =
      types.length === 1
        ? (types[0]?.[0] ?? '')
        : types
            .slice(0, SHOWN_TYPES)
            .map(([type, n]) => `${type} ${integer(n)}`)
            .join(', ') + (types.length > SHOWN_TYPES ? ', …' : '');
    return fact(
      t('Types'),
      text || t('unknown'),
      types.map(([type, n]) => plural(n, '{1}: {0} tensor', '{1}: {0} tensors', integer(n), type)),
    );
  }
  private shards(facts: CheckpointFacts): TemplateResult | typeof nothing {
    if (facts.shards.length < 2) return nothing;
    const missing = facts.shards.filter((shard) => shard.missing);
    const listed = missing.slice(0, 20).map((shard) => t('missing: {0}', shard.file));
    return fact(
      t('Shards'),
      missing.length
        ? t('{0} of {1} at hand', facts.shards.length - missing.length, facts.shards.length)
        : integer(facts.shards.length),
      [...listed, ...(missing.length > 20 ? [t('and {0} more', missing.length - 20)] : [])],
    );
  }
  private config({ config }: CheckpointFacts): TemplateResult {
    if (!config)
      return fact(
        t('Config'),
        t('no config.json'),
        t('No config.json beside the checkpoint: heads and widths are not known.'),
      );
    const parts = [
      config.modelType,
      config.layers === null ? null : plural(config.layers, '{0} layer', '{0} layers'),
      config.hiddenSize === null ? null : t('width {0}', num(config.hiddenSize)),
      config.attentionHeads === null
        ? null
        : config.keyValueHeads === null
          ? t('heads {0}', config.attentionHeads)
          : t('heads {0} / {1} kv', config.attentionHeads, config.keyValueHeads),
    ];
    return fact(t('Config'), parts.filter((part) => part !== null).join(', ') || t('names no architecture'));
  }
}
/** Line breaks of a value are its own: they stay, in a block that nothing else is in. */
const linesOf = (value: string): unknown[] => value.split(/\r?\n/).map((line, i) => (i ? html`<br />${line}` : line));
/** "format pt, note": short values are told, of long ones the name. */
function summary(metadata: readonly (readonly [string, string])[], leftOut: number): string {
  const parts = metadata.map(([key, value]) => (value.length <= 12 ? `${key} ${value}` : key.slice(0, 40)));
  return parts.length + leftOut > 3
    ? t('{0}, {1} more', parts.slice(0, 2).join(', '), integer(parts.length - 2 + leftOut))
    : parts.join(', ');
}
const shortPath = (path: string): string => path.split(/[\\/]/).slice(-2).join('/');
customElements.define('ox-facts', Facts);
