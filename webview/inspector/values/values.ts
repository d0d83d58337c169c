/** "Values" of the detail: the planes of a tensor as a grid, the way to an index, copying, and the export of the whole. */
import { LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import type { TensorRow } from '../../../src/protocol/engine.ts';
import { MAX_VALUES } from '../../../src/protocol/matrix.ts';
import { integer } from '../../shared/format.ts';
import { html } from '../../shared/html.ts';
import { plural, t } from '../../shared/l10n.ts';
import type { MatrixClient } from '../../shared/matrix-client.ts';
import { numpyText, separatedText } from '../../shared/value-text.ts';
import { ValuesGrid } from './grid.ts';
import { parseIndex } from './scrolling.ts';
import { fitSlice, planeOf, slicePickers } from './plane.ts';

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
  /** of a quantised tensor the codes of the file, at an index of their own */
  private showsCodes = false;
  private codesSlice: number[] = [];
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

  protected override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('tensor');
    if (before !== undefined && before.name !== this.tensor.name) this.showsCodes = false;
  }

  /** What is on show: the tensor, or the codes that it is made of. */
  private get shownPlane(): { tensor: TensorRow; slice: readonly number[]; codes: boolean } {
    const { tensor, slice } = this;
    if (!this.showsCodes || !tensor.quantised) return { tensor, slice, codes: false };
    const codes = { ...tensor, shape: tensor.quantised.storedShape };
    return { tensor: codes, slice: fitSlice(codes, this.codesSlice), codes: true };
  }
  private pickSlice(slice: number[]): void {
    if (!this.showsCodes) return this.pick(slice);
    this.codesSlice = slice;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { tensor, slice } = this.shownPlane;
    const axes = tensor.shape.length;
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
        ${slicePickers(tensor, slice, (index) => this.pickSlice(index))}
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
        ${
          this.tensor.quantised
            ? html`<button
                data-action="codes"
                aria-pressed=${String(this.showsCodes)}
                title=${t('Show the codes that the file holds, before their scales are applied')}
                @click=${() => {
                  this.showsCodes = !this.showsCodes;
                  this.requestUpdate();
                }}
              >
                ${t('Codes')}
              </button>`
            : nothing
        }
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
    const { tensor, slice, codes } = this.shownPlane;
    const plane = planeOf(tensor);
    const key = JSON.stringify([tensor.name, tensor.offset, tensor.sizeBytes, slice, codes]);
    if (key === this.shown) return;
    this.shown = key;
    this.note = '';
    this.grid.show({
      tensor,
      slice: [...slice],
      ...plane,
      read: (rows, columns) => this.client.values({ tensor: tensor.name, slice: [...slice], rows, columns, codes }),
    });
  }

  private go(event: KeyboardEvent): void {
    if (event.key !== 'Enter') return;
    const { shape } = this.shownPlane.tensor;
    const index = parseIndex((event.target as HTMLInputElement).value, shape);
    if (typeof index === 'string') {
      this.note = index ? t('The index lies within {0}.', index) : t('A scalar has one value.');
      return this.requestUpdate();
    }
    this.note = '';
    if (index.length > 2) this.pickSlice(index.slice(0, -2));
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
      const { tensor, slice, codes } = this.shownPlane;
      const block = await this.client.values({ tensor: tensor.name, slice: [...slice], rows, columns, codes });
      const text =
        format === 'numpy'
          ? numpyText(block, tensor.shape.length < 2)
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
