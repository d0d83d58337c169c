/** First strip: what the checkpoint is, and the way to a comparison. */
import { html, nothing, type TemplateResult } from 'lit';
import type { CheckpointFacts } from '../../src/protocol/engine.ts';
import { bytes, count, integer, num } from '../shared/format.ts';
import { t } from '../shared/l10n.ts';
import { digest } from './digest.ts';
import { contextTokens, memoryPanel, memorySummary } from './memory.ts';
import { ViewElement } from './view.ts';

const fact = (name: string, value: unknown, title?: string): TemplateResult =>
  html`<div>
    <dt>${name}</dt>
    <dd title=${title ?? nothing}>${value}</dd>
  </div>`;

class Facts extends ViewElement {
  static override properties = {
    ...ViewElement.properties,
    open: { state: true },
    memory: { state: true },
    tokens: { state: true },
  };
  declare open: boolean;
  /** the memory's section is open */
  declare memory: boolean;
  /** context asked for; null: the model's longest */
  declare tokens: number | null;

  constructor() {
    super();
    this.open = false;
    this.memory = false;
    this.tokens = null;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { model, post } = this.view;
    const { facts, baseSelected } = model;
    if (!facts) return nothing;
    const base = baseSelected === null || baseSelected === facts.path ? null : baseSelected;
    const metadata = Object.entries(facts.metadata);
    return html`<header class="facts">
        <h1 class="sr">${t('Checkpoint {0}', shortPath(facts.path))}</h1>
        <dl class="grow">
          ${fact('Format', facts.format, facts.path)} ${fact('Tensors', integer(facts.tensors.length))}
          ${this.parameters(facts)}
          ${fact(
            'Size',
            `${bytes(facts.sizeBytes)}, header ${bytes(facts.headerBytes)}`,
            `${integer(facts.sizeBytes)} bytes, header ${integer(facts.headerBytes)} bytes`,
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
                  'Metadata',
                  html`<button
                    class="inline"
                    data-action="metadata"
                    aria-expanded=${String(this.open)}
                    title=${this.open ? 'Hide the metadata' : 'Show the metadata'}
                    @click=${() => (this.open = !this.open)}
                  >
                    ${summary(metadata)}
                  </button>`,
                )
              : nothing
          }
        </dl>
        <button
          class="secondary"
          data-action="compare"
          title=${base === null ? 'Choose another checkpoint to compare with' : `Compare with ${base}`}
          @click=${() => post({ type: 'compareWithBase' })}
        >
          ${base === null ? 'Compare with Base…' : `Compare with ${shortPath(base)}`}
        </button>
      </header>
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
                    <dd class="mono">${value}</dd>`,
              )}
            </dl>`
          : nothing
      }`;
  }

  private parameters(facts: CheckpointFacts): TemplateResult {
    const unknown = facts.tensors.filter((tensor) => tensor.missing).length;
    if (!unknown) return fact('Parameters', count(facts.parameters), integer(facts.parameters));
    const note = `${integer(unknown)} tensors lie in missing shards: their shapes are not known.`;
    return fact('Parameters', facts.parameters ? `${count(facts.parameters)} at hand` : 'unknown', note);
  }
  private types(facts: CheckpointFacts): TemplateResult {
    const types = Object.entries(facts.dtypes)
      .filter(([type]) => type !== '?')
      .sort((a, b) => b[1] - a[1]);
    const text =
      types.length === 1 ? (types[0]?.[0] ?? '') : types.map(([type, n]) => `${type} ${integer(n)}`).join(', ');
    return fact('Types', text || 'unknown', types.map(([type, n]) => `${type}: ${integer(n)} tensors`).join('\n'));
  }
  private shards(facts: CheckpointFacts): TemplateResult | typeof nothing {
    if (facts.shards.length < 2) return nothing;
    const missing = facts.shards.filter((shard) => shard.missing);
    const listed = missing.slice(0, 20).map((shard) => `missing: ${shard.file}`);
    return fact(
      'Shards',
      missing.length
        ? `${facts.shards.length - missing.length} of ${facts.shards.length} at hand`
        : integer(facts.shards.length),
      [...listed, ...(missing.length > 20 ? [`and ${missing.length - 20} more`] : [])].join('\n'),
    );
  }
  private config({ config }: CheckpointFacts): TemplateResult {
    if (!config)
      return fact('Config', 'no config.json', 'No config.json beside the checkpoint: heads and widths are not known.');
    const parts = [
      config.modelType,
      config.layers === null ? null : `${config.layers} layers`,
      config.hiddenSize === null ? null : `width ${num(config.hiddenSize)}`,
      config.attentionHeads === null
        ? null
        : `heads ${config.attentionHeads}${config.keyValueHeads === null ? '' : ` / ${config.keyValueHeads} kv`}`,
    ];
    return fact('Config', parts.filter((part) => part !== null).join(', ') || 'names no architecture');
  }
}
/** "format pt, note": short values are told, of long ones the name. */
function summary(metadata: readonly (readonly [string, string])[]): string {
  const parts = metadata.map(([key, value]) => (value.length <= 12 ? `${key} ${value}` : key.slice(0, 40)));
  return parts.length > 3 ? `${parts.slice(0, 2).join(', ')}, ${parts.length - 2} more` : parts.join(', ');
}
const shortPath = (path: string): string => path.split(/[\\/]/).slice(-2).join('/');
customElements.define('ox-facts', Facts);
