/** What the page of several checkpoints knows, from the host's messages. */
import type { ComparisonTensor } from '../../src/protocol/results.ts';
import type {
  SeveralModel as Figures,
  SeveralPlan,
  SeveralProgress,
  SeveralRows,
  SeveralState,
  SeveralToView,
} from '../../src/protocol/severalViews.ts';
import type { PictureToView } from '../../src/protocol/views.ts';
import { appendAll } from '../../src/protocol/lists.ts';

type Row = SeveralRows['rows'][number];

export class SeveralModel {
  state: SeveralState | null = null;
  plan: SeveralPlan | null = null;
  figures: Figures | null = null;
  progress: SeveralProgress | null = null;
  /** by name */
  readonly rows = new Map<string, Row>();
  /** of each run, by name */
  readonly comparisons: Map<string, ComparisonTensor>[] = [];

  apply(message: Exclude<SeveralToView, PictureToView>): void {
    switch (message.type) {
      case 'reset':
        this.plan = this.figures = this.progress = null;
        this.rows.clear();
        this.comparisons.length = 0;
        return;
      case 'state':
        this.state = message.state;
        return;
      case 'plan':
        this.plan = { ...message.plan, tensors: [...message.plan.tensors] };
        return;
      case 'tensors':
        if (this.plan) appendAll(this.plan.tensors, message.tensors);
        return;
      case 'progress':
        this.progress = message.progress;
        return;
      case 'results':
        for (const row of message.agreement.rows) this.rows.set(row.name, row);
        for (const { run, tensor } of message.comparisons) {
          this.comparisons[run] ??= new Map();
          this.comparisons[run].set(tensor.name, tensor);
        }
        return;
      case 'model':
        this.figures = message.model;
        return;
    }
  }
}
