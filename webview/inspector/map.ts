/** The spectra view: a heatmap of layers by modules for any figure of section A, filling while it is computed; or its table twin. */
import { html } from '../shared/html.ts';
import { plural, t } from '../shared/l10n.ts';
import { gap, windowOf } from '../shared/windowed.ts';
import { statusWord } from '../shared/words.ts';
import { withLegend } from '../shared/legend-svg.ts';
import { offerPicture, type PictureCell } from '../shared/picture.ts';
import { nothing, type TemplateResult } from 'lit';
import { labelsOf, orderModules } from '../../src/families/labels.ts';
import { integer } from '../shared/format.ts';
import { Heatmap, legendRamp, type Cell, type CellValue, type Hit, type Scale, ends } from '../shared/heatmap.ts';
import { MapCard } from './map-card.ts';
import { cellOf, mapOf, MAX_COLUMNS, MAX_LAYERS, type SpectraMap } from './map-model.ts';
import { MAP_METRICS, mapMetric, type MapMetric, scaleOf } from './metrics.ts';
import { profileOf } from './profile.ts';
import { ViewElement } from './view.ts';

export class SpectraPane extends ViewElement {
  private heatmap: Heatmap | null = null;
  private grid = '';
  private card: MapCard | null = null;
  private map: SpectraMap = { layers: [], modules: [], members: () => [], leftOut: 0 };
  private values = new Map<string, CellValue>();
  private scale: Scale = { kind: 'lin', lo: 0, hi: 1 };

  /** Tensors whose statistics the chosen figure needs. */
  get wanted(): string[] {
    return mapMetric(this.view.ui.metric).of === 'elements'
      ? this.view.model.blockMatrices.map(({ tensor }) => tensor.name)
      : [];
  }

  protected override willUpdate(): void {
    const { model, ui } = this.view;
    const metric = mapMetric(ui.metric);
    const map = mapOf(model);
    this.map = { ...map, modules: orderModules(map.modules) };
    this.values = new Map();
    for (const module of this.map.modules)
      for (const layer of this.map.layers)
        this.values.set(`${layer} ${module}`, cellOf(model, this.map.members(layer, module), metric));
    this.scale = scaleOf([...this.values.values()].flatMap(({ value }) => (value === null ? [] : [value])));
  }

  protected override render(): TemplateResult {
    const { model, ui } = this.view;
    const metric = mapMetric(ui.metric);
    const total = model.blockMatrices.length;
    if (!total)
      return html`<div class="empty" data-state="no-matrices">
        <p>
          ${t(
            'This checkpoint holds no matrices inside transformer blocks, so there is nothing to map. The spectrum of a single matrix is in its detail.',
          )}
        </p>
      </div>`;
    const any = [...this.values.values()].some(({ value }) => value !== null);
    return html`<div class="spectra" data-map>
      <p class="def">${metric.text} <span class="quiet" data-counted>${this.counted(metric)}</span></p>
      <div class="map" ?hidden=${ui.table}></div>
      ${ui.table ? this.twin(metric) : nothing}
      <div class="legend ${any ? '' : 'blank'}" ?hidden=${ui.table}>
        <span class="row"><span data-low></span><canvas aria-hidden="true"></canvas><span data-high></span></span>
        <span
          >${this.scale.kind === 'log' ? t('log scale, fitted to the values') : t('linear scale, fitted to the values')}</span
        >
        ${this.hasStacks() ? html`<span>${t('cells with several matrices show their mean')}</span>` : nothing}
      </div>
      ${
        this.map.leftOut
          ? html`<p class="quiet small">
              ${plural(
                this.map.leftOut,
                '{0} matrix lies beyond the first {1} layers and {2} modules: it is in the table of tensors only.',
                '{0} matrices lie beyond the first {1} layers and {2} modules: they are in the table of tensors only.',
                integer(this.map.leftOut),
                integer(MAX_LAYERS),
                integer(MAX_COLUMNS),
              )}
            </p>`
          : nothing
      }
    </div>`;
  }
  private counted(metric: MapMetric): string {
    const { model } = this.view;
    const matrices = model.blockMatrices;
    const known: ReadonlyMap<string, unknown> = metric.of === 'spectrum' ? model.spectra : model.statistics;
    const done = matrices.filter(({ tensor }) => known.has(tensor.name)).length;
    if (metric.of === 'elements') return t('{0} of {1} tensors read.', integer(done), integer(matrices.length));
    return done || model.isAnalyzing
      ? t('{0} of {1} spectra computed.', integer(done), integer(matrices.length))
      : t('Spectra of {0} block matrices are computed on request.', integer(matrices.length));
  }
  private hasStacks(): boolean {
    return this.map.modules.some((module) => this.map.layers.some((l) => this.map.members(l, module).length > 1));
  }

  protected override updated(): void {
    const { ui } = this.view;
    const metric = mapMetric(ui.metric);
    const host = this.querySelector<HTMLElement>('.map');
    if (!host) return this.drop();
    const ramp = this.querySelector<HTMLCanvasElement>('.legend canvas');
    if (ramp) legendRamp(ramp, this.scale);
    if (this.scale.kind === 'lin' || this.scale.kind === 'log') {
      for (const [end, value] of [
        ['low', this.scale.lo],
        ['high', this.scale.hi],
      ] as const) {
        const label = this.querySelector(`[data-${end}]`);
        if (label) label.textContent = metric.format(value);
      }
    }
    const labels = labelsOf(this.map.modules);
    const options = {
      layers: this.map.layers,
      modules: this.map.modules,
      label: (module: string) => labels.get(module) ?? module,
      onSelect: (cell: Cell) => this.select(cell),
      onHover: (hit: Hit | null) => this.hover(hit),
      onOpen: () => this.view.focus('detail'),
    };
    const grid = `${this.map.layers.join()}\n${this.map.modules.join('\n')}`;
    if (!this.heatmap) {
      this.heatmap = new Heatmap(host, options);
      host.addEventListener('focusout', () => this.hover(null));
      offerPicture(host, {
        name: t('Layers by modules'),
        draw: () => this.markup(),
        table: () => this.tableRows(),
      });
    } else if (grid !== this.grid) this.heatmap.update(options);
    this.grid = grid;
    this.heatmap.selected = this.selected();
    const cell = (layer: number, module: string): CellValue =>
      this.values.get(`${layer} ${module}`) ?? { status: 'absent', value: null };
    this.heatmap.show(
      [{ title: metric.name, sub: '', scale: this.scale, cell }],
      profileOf(metric, this.map, this.scale, cell),
    );
  }
  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.drop();
  }
  private drop(): void {
    this.hover(null);
    this.heatmap?.dispose();
    this.heatmap = null;
  }
  /** The heatmap with its legend; for pictures. */
  private markup(): { markup: string; width: number; height: number } | null {
    if (!this.heatmap) return null;
    const { format, name } = mapMetric(this.view.ui.metric);
    const [lo, hi] = ends(this.scale);
    return withLegend(
      this.heatmap.markup(Math.max(480, this.clientWidth - 32)),
      this.scale,
      [format(lo), format(hi)],
      name,
    );
  }
  private tableRows(): PictureCell[][] {
    const { layers, modules } = this.map;
    const value = (layer: number, module: string): PictureCell => this.values.get(`${layer} ${module}`)?.value;
    return [
      [t('layer'), ...modules],
      ...layers.map((layer) => [layer, ...modules.map((module) => value(layer, module))]),
    ];
  }
  override focus(): void {
    this.heatmap?.focus();
  }
  /** Canvases hold pixels, not variables: after a theme change they are painted anew. */
  redraw(): void {
    this.heatmap?.schedule();
    this.requestUpdate();
  }

  /** The cell of the selected tensor (and of its part in the detail). */
  private selected(): Cell | null {
    const { model, ui } = this.view;
    const row = model.row(ui.selected);
    if (!row || row.tensor.layer === null) return null;
    const { layer } = row.tensor;
    const columns = this.map.modules.filter((module) =>
      this.map.members(layer, module).some((member) => member.row === row),
    );
    const exact = columns.find((module) =>
      this.map.members(layer, module).some((member) => ui.part !== null && member.spectrum?.name === ui.part),
    );
    const module = exact ?? columns[0];
    return module === undefined ? null : { layer, module };
  }
  private select(cell: Cell): void {
    const member = this.map.members(cell.layer, cell.module)[0];
    if (member)
      this.view.set({
        selected: member.row.tensor.name,
        group: null,
        part: member.spectrum && member.spectrum.name !== member.spectrum.tensor ? member.spectrum.name : null,
      });
    // what hovering shows, the keyboard shows too
    if (this.heatmap && this.querySelector('.heatmap:focus-visible')) this.hover({ ...cell, ...this.heatmap.at(cell) });
  }
  private hover(hit: Hit | null): void {
    if (!hit) return this.card?.hide();
    this.card ??= new MapCard(this.view);
    this.card.show(hit, this.map.members(hit.layer, hit.module));
  }

  /** The same values as a real table: for screen readers and for copying. */
  private twin(metric: MapMetric): TemplateResult {
    const labels = labelsOf(this.map.modules);
    const text = ({ status, value }: CellValue): string =>
      status !== 'done' ? statusWord(status) : value === null ? statusWord('null') : metric.format(value);
    const { rows, above, below } = windowOf(this.map.layers, this.querySelector('.twins'));
    return html`<div class="twins windowed" tabindex="0" @scroll=${() => this.requestUpdate()}>
      <table class="twin" aria-rowcount=${this.map.layers.length + 1}>
        <caption>
          ${metric.name}
        </caption>
        <thead>
          <tr>
            <th scope="col">${t('layer')}</th>
            ${this.map.modules.map((module) => html`<th scope="col" class="num" title=${module}>${labels.get(module) ?? module}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${gap(above)}${rows.map(
            (layer) =>
              html`<tr>
                <th scope="row">${layer}</th>
                ${this.map.modules.map((module) => {
                  const cell = this.values.get(`${layer} ${module}`) ?? { status: 'absent', value: null };
                  return html`<td class="num ${cell.status === 'done' ? '' : 'quiet'}" title=${cell.value ?? nothing}>
                    ${text(cell)}
                  </td>`;
                })}
              </tr>`,
          )}${gap(below)}
        </tbody>
      </table>
    </div>`;
  }
}
/** The picker of the toolbar. */
export function metricPicker(current: string, choose: (id: string) => void): TemplateResult {
  const option = (metric: MapMetric): TemplateResult =>
    html`<option value=${metric.id} ?selected=${metric.id === current}>${metric.name}</option>`;
  return html`<select
    aria-label=${t('Figure')}
    data-action="metric"
    title=${t('[ and ] step through the figures')}
    .value=${current}
    @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}
  >
    <optgroup label=${t('Spectrum')}>${MAP_METRICS.filter((metric) => metric.of === 'spectrum').map(option)}</optgroup>
    <optgroup label=${t('Values')}>${MAP_METRICS.filter((metric) => metric.of === 'elements').map(option)}</optgroup>
  </select>`;
}
customElements.define('ox-spectra', SpectraPane);
