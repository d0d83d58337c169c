/** What the page of several checkpoints has been told: each part goes to it when it has become another one, results at most ten times a second. */
import { isShort, MOST_LINES, summaryForPage } from '../../protocol/forPage.ts';
import { cutText } from '../../protocol/format.ts';
import type { RunsResult, SeveralEvent, StepsResult } from '../../protocol/several.ts';
import type {
  SeveralModel,
  SeveralPlan,
  SeveralProgress,
  SeveralState,
  SeveralToView,
} from '../../protocol/severalViews.ts';
import type { SeveralAccumulator } from '../../results/several.ts';
import { planMessages } from './plan.ts';

const BATCH_MS = 100;
/** Tensors a message, when a page gets everything. */
const PORTION = 64;
const MOST_REASON = 1000;

type Results = Extract<SeveralToView, { type: 'results' }>;
interface Parts {
  state: SeveralState;
  plan: SeveralPlan | null;
  progress: SeveralProgress | null;
  model: SeveralModel | null;
}

export class SeveralFeed {
  private send: ((message: SeveralToView) => void) | undefined;
  private told: Partial<Parts> = {};
  /** names of which something came since the last batch */
  private touched = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  /** `beforeBatch`: brings the parts up to date before a batch goes. */
  constructor(
    private readonly parts: () => Parts,
    private readonly results: () => SeveralAccumulator,
    private readonly beforeBatch: () => void,
  ) {}

  /** A page said it is ready: it gets everything, and from now on what changes. */
  attach(send: (message: SeveralToView) => void): void {
    this.send = send;
    this.begin();
  }
  /** Everything once more, if there is a page. */
  begin(): void {
    if (!this.send) return;
    this.touched.clear();
    this.told = {};
    this.send({ type: 'reset' });
    this.flush();
    const found = this.results();
    const names = [...new Set(found.runs.flatMap((run) => [...run.tensors.keys(), ...run.failed.keys()]))];
    for (let at = 0; at < names.length; at += PORTION) this.tell(names.slice(at, at + PORTION));
  }
  /** An event that the results have taken. */
  add(event: SeveralEvent): void {
    // The rows of one tensor go together.
    if (event.type === 'finished') this.touched.add(event.name);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.beforeBatch();
      this.flush();
    }, BATCH_MS);
  }
  /** Sends what has become another one since it was last sent. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { told, send } = this;
    const names = [...this.touched];
    this.touched.clear();
    if (!send) return;
    const parts = this.parts();
    if (told.state !== parts.state) send({ type: 'state', state: parts.state });
    if (told.plan !== parts.plan && parts.plan) for (const message of planMessages(parts.plan)) send(message);
    if (names.length > 0) this.tell(names);
    if (told.model !== parts.model) send({ type: 'model', model: parts.model && modelForPage(parts.model) });
    if (told.progress !== parts.progress) send({ type: 'progress', progress: parts.progress });
    this.told = parts;
  }
  /** The page is gone. */
  detach(): void {
    this.send = undefined;
    clearTimeout(this.timer);
  }

  private tell(names: readonly string[]): void {
    const found = this.results();
    const comparisons: Results['comparisons'] = [];
    const failed: Results['failed'] = [];
    const runsRows: RunsResult['tensors'] = [];
    const stepsRows: StepsResult['tensors'] = [];
    const { kind } = this.parts().state;
    for (const name of names.filter(isShort)) {
      for (const [run, own] of found.runs.entries()) {
        const tensor = own.tensors.get(name);
        if (tensor) comparisons.push({ run, tensor });
        const error = own.failed.get(name);
        if (error) failed.push({ run, name, error });
      }
      const agreement = found.agreements.get(name);
      if (!agreement) continue;
      if (kind === 'runs') runsRows.push(found.runsRow(agreement));
      else {
        const row = found.stepsRow(agreement);
        if (row) stepsRows.push(row);
      }
    }
    const agreement: Results['agreement'] = kind === 'runs' ? { kind, rows: runsRows } : { kind, rows: stepsRows };
    this.send?.({ type: 'results', comparisons, agreement, failed });
  }
}

/** The figures whole; of the lists beside them what a page could show. */
function modelForPage(model: SeveralModel): SeveralModel {
  const names = (list: readonly string[]): string[] => list.filter(isShort).slice(0, MOST_LINES);
  return {
    ...model,
    comparisons: model.comparisons.map(summaryForPage),
    skipped: model.skipped
      .filter(({ name }) => isShort(name))
      .slice(0, MOST_LINES)
      .map((one) => ({ ...one, reason: cutText(one.reason, MOST_REASON) })),
    unpaired: model.unpaired.map(({ run, baseOnly, tunedOnly }) => ({
      run,
      baseOnly: names(baseOnly),
      tunedOnly: names(tunedOnly),
    })),
  };
}
