/** "Values" of the detail: the planes of a tensor as a grid, the way to an index, copying, and the export of the whole. */
import { LitElement, nothing, type TemplateResult } from 'lit';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { MAX_VALUES } from '../../../src/protocol/matrix.ts';
import { integer } from '../../shared/format.ts';
import { html } from '../../shared/html.ts';
import { plural, t } from '../../shared/l10n.ts';
import type { MatrixClient } from '../../shared/matrix-client.ts';
import { numpyText, separatedText } from '../../shared/value-text.ts';
import { ValuesGrid } from './grid.ts';
import { parseIndex } from './scrolling.ts';
import { planeOf, slicePickers } from './plane.ts';

type CopyFormat = 'numpy' | 'csv' | 'tsv';

export class TensorValues extends LitElement {
  static override properties = {
    tensor: { attribute: false },
    slice: { attribute: false },
    client: { attribute: false },
    pick: { attribute: false },
  };
  declare tensor: TensorRow;
  declare slice: readonly number[];
  declare client: MatrixClient;
  /** another index on an axis before the last two */
  declare pick: (slice: number[]) => void;
  private isHex = false;
  private note = '';
  private reading = '';
  private selected = 1;
  private shown = '';
  private readonly grid = new ValuesGrid();

  constructor() {
    super();
    this.grid.addEventListener('reading', (event) => {
      const { text, count } = (event as CustomEvent<{ text: string; count: number }>).detail;
      if (text === this.reading && count === this.selected) return;
      this.reading = text;
      this.selected = count;
      this.requestUpdate();
    });
    this.grid.addEventListener('copy-selection', () => void this.copy('tsv'));
  }
  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected override render(): TemplateResult {
    const axes = this.tensor.shape.length;
    const tooMany = this.selected > MAX_VALUES;
    const copy = (format: CopyFormat, name: string): TemplateResult =>
      html`<button
        class="secondary"
        data-action="copy-${format}"
        ?disabled=${tooMany}
        @click=${() => void this.copy(format)}
      >
        ${name}
      </button>`;
    return html`<div class="vg-tools">
        ${slicePickers(this.tensor, this.slice, this.pick)}
        <label class="row"
          ><span class="quiet small">${t('Go to')}</span
          ><input
            type="text"
            class="mono vg-go"
            data-action="go-to"
            placeholder=${axes > 1 ? '3, 17' : '17'}
            aria-label=${t('Go to an index, as "3, 17". Enter goes there.')}
            @keydown=${(event: KeyboardEvent) => this.go(event)}
        /></label>
        <button
          data-action="hex"
          aria-pressed=${String(this.isHex)}
          title=${t('Show the stored bits of every value')}
          @click=${() => {
            this.isHex = !this.isHex;
            this.grid.hex = this.isHex;
            this.requestUpdate();
          }}
        >
          ${t('Bits')}
        </button>
        <span class="grow"></span>
        <button
          class="secondary"
          data-action="export-tensor"
          title=${t('Write the whole tensor as .npy or .safetensors')}
          @click=${() => this.client.exportTensor(this.tensor.name)}
        >
          ${t('Export Tensor…')}
        </button>
      </div>
      ${this.grid}
      <p class="vg-readout mono small" aria-live="polite" data-reading>${this.reading}</p>
      <div class="vg-tools">
        <span class="small quiet" data-selected
          >${
            tooMany
              ? t(
                  '{0} values are selected; up to {1} can be copied. Select fewer, or use Export Tensor.',
                  integer(this.selected),
                  integer(MAX_VALUES),
                )
              : plural(
                  this.selected,
                  '{0} value selected, copy as',
                  '{0} values selected, copy as',
                  integer(this.selected),
                )
          }</span
        >
        ${copy('numpy', 'NumPy')}${copy('csv', 'CSV')}${copy('tsv', 'TSV')}
        ${this.note ? html`<span class="small" role="status" data-note>${this.note}</span>` : nothing}
      </div>`;
  }
  protected override updated(): void {
    const plane = planeOf(this.tensor);
    const key = JSON.stringify([this.tensor.name, this.tensor.offset, this.tensor.sizeBytes, this.slice]);
    if (key === this.shown) return;
    this.shown = key;
    this.note = '';
    this.grid.show({
      tensor: this.tensor,
      slice: [...this.slice],
      ...plane,
      read: (rows, columns) => this.client.values({ tensor: this.tensor.name, slice: [...this.slice], rows, columns }),
    });
  }

  private go(event: KeyboardEvent): void {
    if (event.key !== 'Enter') return;
    const { shape } = this.tensor;
    const index = parseIndex((event.target as HTMLInputElement).value, shape);
    if (typeof index === 'string') {
      this.note = index ? t('The index lies within {0}.', index) : t('A scalar has one value.');
      return this.requestUpdate();
    }
    this.note = '';
    if (index.length > 2) this.pick(index.slice(0, -2));
    const [row = 0, column = 0] = index.slice(-2);
    // the grid of another slice is shown with the next update
    void this.updateComplete.then(() => this.grid.goTo(row, column));
    this.requestUpdate();
  }
  private async copy(format: CopyFormat): Promise<void> {
    const { rows, columns } = this.grid.selection;
    const count = (rows[1] - rows[0]) * (columns[1] - columns[0]);
    if (count > MAX_VALUES) return this.requestUpdate();
    try {
      const block = await this.client.values({ tensor: this.tensor.name, slice: [...this.slice], rows, columns });
      const text =
        format === 'numpy'
          ? numpyText(block, this.tensor.shape.length < 2)
          : separatedText(block, format === 'csv' ? ',' : '\t');
      this.client.copy(text, plural(count, '{0} value', '{0} values', integer(count)));
      this.note = t('Copied.');
    } catch (error) {
      this.note = error instanceof Error ? error.message : String(error);
    }
    this.requestUpdate();
  }
}
if (!customElements.get('ox-values')) customElements.define('ox-values', TensorValues);
