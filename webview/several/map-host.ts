/** A heatmap in its place on the page: made when there is something to show, told when rows or columns change. */
import { toggleOf, type Column } from '../comparison/columns.ts';
import { Heatmap, type Cell, type HeatmapOptions, type Hit, type Panel, type Profile } from '../shared/heatmap.ts';
import type { SeveralModel } from './model.ts';

interface Shown {
  model: SeveralModel;
  columns: readonly Column[];
  panels: readonly Panel[];
  profile: Profile | null;
  selected: Cell | null;
  onSelect(layer: number, column: Column): void;
  /** null: over no cell any more */
  onHover(hit: Hit | null, column: Column | null): void;
  /** of a column that unfolds, or folds */
  onToggle?(column: Column): void;
}

export class MapHost {
  private map: Heatmap | null = null;
  private host: HTMLElement | null = null;
  private grid = '';
  private shown: Shown | null = null;

  show(host: HTMLElement, shown: Shown): void {
    const { model, panels, profile, selected, columns } = shown;
    if (!model.layers.length || !columns.length || !panels.length) return this.dispose();
    if (host !== this.host) this.dispose();
    this.shown = shown;
    const byId = new Map(columns.map((column) => [column.id, column]));
    const isPlain = columns.every(({ isOpen }) => isOpen === null);
    const options: HeatmapOptions = {
      layers: model.layers,
      modules: columns.map(({ id }) => id),
      label: (id) => byId.get(id)?.label ?? id,
      ...(isPlain ? {} : { weight: (id: string) => byId.get(id)?.weight ?? 1 }),
      toggle: (id) => toggleOf(model, byId.get(id)),
      onToggle: (id) => this.on(id, (column) => this.shown?.onToggle?.(column)),
      isStretched: true,
      onSelect: ({ layer, module: id }) => this.on(id, (column) => this.shown?.onSelect(layer, column)),
      onHover: (hit) => {
        if (hit) this.on(hit.module, (column) => this.shown?.onHover(hit, column));
        else this.shown?.onHover(null, null);
      },
    };
    const grid = `${model.layers.join()}\n${columns.map(({ id, label }) => `${id} ${label}`).join('\n')}`;
    if (!this.map) {
      this.map = new Heatmap(host, options);
      this.host = host;
      host.addEventListener('focusout', () => this.shown?.onHover(null, null));
    } else if (grid !== this.grid) this.map.update(options);
    this.grid = grid;
    this.map.show([...panels], profile);
    this.map.selected = selected;
  }
  private on(id: string, act: (column: Column) => void): void {
    const column = this.shown?.columns.find((one) => one.id === id);
    if (column) act(column);
  }
  /** After a theme change: canvases hold pixels, not variables. */
  redraw(): void {
    this.map?.schedule();
  }
  dispose(): void {
    this.map?.dispose();
    this.map = this.host = null;
  }
}
