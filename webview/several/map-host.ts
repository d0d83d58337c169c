/** A heatmap in its place on the page: made when there is something to show, told when rows or columns change. */
import { Heatmap, type Cell, type HeatmapOptions, type Hit, type Panel, type Profile } from '../shared/heatmap.ts';
import type { SeveralModel } from './model.ts';

interface Shown {
  model: SeveralModel;
  /** columns; the modules by default */
  columns?: readonly { id: string; label: string }[];
  panels: readonly Panel[];
  profile: Profile | null;
  selected: Cell | null;
  onSelect(cell: Cell): void;
  onHover(hit: Hit | null): void;
}

export class MapHost {
  private map: Heatmap | null = null;
  private host: HTMLElement | null = null;
  private grid = '';
  private handlers: Pick<Shown, 'onSelect' | 'onHover'> | null = null;

  show(host: HTMLElement, shown: Shown): void {
    const { model, panels, profile, selected } = shown;
    const columns = shown.columns ?? model.modules.map((id) => ({ id, label: model.labels.get(id) ?? id }));
    if (!model.layers.length || !columns.length || !panels.length) return this.dispose();
    this.handlers = shown;
    if (host !== this.host) this.dispose();
    const labels = new Map(columns.map(({ id, label }) => [id, label]));
    const options: HeatmapOptions = {
      layers: model.layers,
      modules: columns.map(({ id }) => id),
      label: (id) => labels.get(id) ?? id,
      isStretched: true,
      onSelect: (cell) => this.handlers?.onSelect(cell),
      onHover: (hit) => this.handlers?.onHover(hit),
    };
    const grid = `${model.layers.join()}\n${columns.map(({ id, label }) => `${id} ${label}`).join('\n')}`;
    if (!this.map) {
      this.map = new Heatmap(host, options);
      this.host = host;
      host.addEventListener('focusout', () => this.handlers?.onHover(null));
    } else if (grid !== this.grid) this.map.update(options);
    this.grid = grid;
    this.map.show([...panels], profile);
    this.map.selected = selected;
  }
  /** After a theme change: canvases hold pixels, not variables. */
  redraw(): void {
    this.map?.schedule();
  }
  focus(): void {
    this.map?.focus();
  }
  /** The place beside a cell in the window. */
  at(cell: Cell): { x: number; y: number } {
    return this.map?.at(cell) ?? { x: 0, y: 0 };
  }
  dispose(): void {
    this.map?.dispose();
    this.map = this.host = null;
  }
}
