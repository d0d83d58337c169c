/** What the page of a comparison has been told: each part goes to it when it has become another one, results at most ten times a second. */
import { planMessages, resultsForPage, summaryForPage } from '../protocol/forPage.ts';
import { appendAll } from '../protocol/lists.ts';
import type { ComparisonState, ComparisonStatus, ComparisonToView } from '../protocol/views.ts';
import { emptyBatch, type Accumulator, type ResultBatch } from '../results/accumulator.ts';

/** At most ten messages a second reach the page. */
const BATCH_MS = 100;
/** Tensors a message, when a page gets everything. */
const PORTION = 64;

/** The parts that are sent apart, as they stand. */
type Parts = Pick<ComparisonState, 'plan' | 'progress' | 'summary'> & { status: ComparisonStatus };

export class PageFeed {
  private send: ((message: ComparisonToView) => void) | undefined;
  private told: Partial<Parts> = {};
  private batch = emptyBatch();
  private timer: NodeJS.Timeout | undefined;

  /** `beforeBatch`: brings the parts up to date before a batch goes. */
  constructor(
    private readonly parts: () => Parts,
    private readonly beforeBatch: () => void,
  ) {}

  /** A page said it is ready: it gets everything, and from now on what changes. */
  attach(send: (message: ComparisonToView) => void, results: Accumulator): void {
    this.send = send;
    this.begin(results);
  }
  /** Everything once more, if there is a page. */
  begin(results: Accumulator): void {
    if (!this.send) return;
    this.batch = emptyBatch();
    this.told = {};
    this.send({ type: 'reset' });
    this.flush();
    for (const portion of results.portions(PORTION)) this.send({ type: 'results', ...resultsForPage(portion) });
  }
  post(message: ComparisonToView): void {
    this.send?.(message);
  }
  /** Results that go with the next batch. */
  add({ tensors, details, failed }: ResultBatch): void {
    appendAll(this.batch.tensors, tensors);
    appendAll(this.batch.details, details);
    appendAll(this.batch.failed, failed);
  }
  schedule(): void {
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
    const { batch, told, send } = this;
    this.batch = emptyBatch();
    if (!send) return;
    const parts = this.parts();
    const { plan, status, progress, summary } = parts;
    if (told.plan !== plan) for (const message of planMessages(plan)) send(message);
    if (batch.tensors.length || batch.failed.length) send({ type: 'results', ...resultsForPage(batch) });
    if (told.summary !== summary) send({ type: 'summary', summary: summary && summaryForPage(summary) });
    if (told.status !== status) send({ type: 'state', state: status });
    if (told.progress !== progress) send({ type: 'progress', progress });
    this.told = parts;
  }
  /** The page is gone. */
  detach(): void {
    this.send = undefined;
  }
  dispose(): void {
    clearTimeout(this.timer);
  }
}
