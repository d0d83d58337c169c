/** From the reader's choices to the lines of the table: filter, outliers, sort, groups. Recomputed only if something has changed. */
import { figureById, figureOf } from './figures.ts';
import { compileFilter, type CompiledFilter, NO_FILTER } from './find/filter.ts';
import { type Outliers, robustOutliers, type Valued } from './find/outliers.ts';
import { Search } from './find/search.ts';
import { isMetric, MAP_METRICS, mapMetric, type MapMetric } from './metrics.ts';
import type { InspectorModel } from './model.ts';
import { problemTensors } from './problem-list.ts';
import { grouped, groupNameOf, type Line, type Row, sorted } from './rows.ts';
import type { Ui } from './ui.ts';

const NONE: ReadonlySet<string> = new Set();
/** Outliers that stand in the list before more are asked for. */
const FARTHEST = 3;

/** A figure that the order or the outliers need, and the tensors for which it is not computed yet. */
export interface Wanting {
  metric: MapMetric;
  known: number;
  unknown: readonly string[];
}

export class Finder {
  lines: readonly Line[] = [];
  /** what passes the filter */
  found: readonly Row[] = [];
  errors: CompiledFilter['errors'] = {};
  outliers: Outliers<Row> | null = null;
  wanting: Wanting | null = null;
  /** outliers that the list leaves out */
  moreOutliers = 0;
  private readonly search = new Search<Row>();
  private source: readonly Row[] | null = null;
  private filterKey = '';
  private linesKey = '';
  private searches = 0;

  constructor(
    private readonly model: InspectorModel,
    private readonly ui: () => Ui,
    /** a search that took longer has ended */
    private readonly changed: () => void,
  ) {}

  get isSearching(): boolean {
    return this.search.isRunning;
  }
  /** Names of the groups that the rows found fall into. */
  get groups(): string[] {
    const { grouping } = this.ui();
    return [...new Set(this.found.map((row) => groupNameOf(row, grouping)))];
  }
  /** Is the tensor among those that the filter lets pass? */
  passes(row: Row): boolean {
    const { filter } = this.ui();
    return compileFilter(filter, filter.problems ? problemTensors(this.model) : NONE).test(row);
  }
  /** How many rows another filter would leave. */
  countOf(filter: Ui['filter']): number {
    const { test } = compileFilter(filter, filter.problems ? problemTensors(this.model) : NONE);
    return this.model.rows.reduce((count, row) => count + (test(row) ? 1 : 0), 0);
  }

  /** Cheap if nothing has changed. */
  update(): void {
    this.filter();
    this.arrange();
  }

  private filter(): void {
    const { model } = this;
    const { filter } = this.ui();
    const problems = filter.problems ? problemTensors(model) : NONE;
    const key = JSON.stringify([filter, problems.size]);
    if (key === this.filterKey && model.rows === this.source) return;
    this.filterKey = key;
    this.source = model.rows;
    const { test, errors } = compileFilter(filter, problems);
    this.errors = errors;
    let isLate = false;
    const done = (found: readonly Row[]): void => {
      this.found = found;
      this.searches++;
      if (isLate) this.changed();
    };
    if (JSON.stringify(filter) === JSON.stringify(NO_FILTER)) {
      this.search.cancel();
      done(model.rows);
    } else this.search.run(model.rows, test, done);
    isLate = true;
  }

  private arrange(): void {
    const { model } = this;
    const { sort, grouping, closed, outliers, everyOutlier, metric } = this.ui();
    const bySort = sort && isMetric(sort.key) ? sort.key : null;
    const figured = outliers || bySort !== null;
    // as figures come, so does their order
    const figures = figured ? [model.statistics.size, model.spectra.size, model.failures.size] : [];
    const key = JSON.stringify([
      ...[this.searches, sort, grouping, closed, outliers, everyOutlier],
      ...[outliers ? metric : '', figures],
    ]);
    if (key === this.linesKey) return;
    this.linesKey = key;
    this.wanting = figured ? this.wants(mapMetric(outliers ? metric : (bySort ?? metric))) : null;
    this.outliers = outliers ? this.standApart(mapMetric(metric)) : null;
    this.moreOutliers = 0;
    const byId = (row: Row, id: Parameters<typeof figureById>[2]): number | null | undefined =>
      figureById(model, row, id);
    if (this.outliers) {
      const { found } = this.outliers;
      const listed = everyOutlier ? found : found.slice(0, FARTHEST);
      this.moreOutliers = found.length - listed.length;
      const of = new Map(listed.map((outlier) => [outlier.item, outlier]));
      const rows = sort ? sorted([...of.keys()], sort, byId) : [...of.keys()];
      this.lines = rows.map((row) => {
        const outlier = of.get(row);
        return outlier ? { kind: 'tensor', row, outlier } : { kind: 'tensor', row };
      });
    } else if (sort) this.lines = sorted(this.found, sort, byId).map((row) => ({ kind: 'tensor', row }));
    else this.lines = grouped(this.found, new Set(closed), grouping);
  }

  private wants(metric: MapMetric): Wanting {
    const unknown: string[] = [];
    let known = 0;
    for (const row of this.found) {
      const value = figureOf(this.model, row, metric);
      // a spectrum of an embedding takes long: only its own detail offers it
      if (value === undefined) {
        if (metric.of === 'elements' || row.tensor.role === 'block') unknown.push(row.tensor.name);
      } else if (value !== null) known++;
    }
    return { metric, known, unknown };
  }
  /** Figures whose values are at hand, and how many outliers each has; those with some first. */
  figuresAtHand(): { metric: MapMetric; found: number; judged: number }[] {
    return MAP_METRICS.map((metric) => {
      const { found, judged } = this.standApart(metric);
      return { metric, found: found.length, judged };
    })
      .filter(({ judged }) => judged > 0)
      .sort((a, b) => b.found - a.found);
  }
  /** Siblings are the same module in other layers; experts of one projection are siblings too. */
  private standApart(metric: MapMetric): Outliers<Row> {
    const values = this.found.flatMap((row): Valued<Row>[] => {
      const value = figureOf(this.model, row, metric);
      return value == null ? [] : [{ item: row, family: row.tensor.module, value }];
    });
    return robustOutliers(values);
  }
}
