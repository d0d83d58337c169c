/** What the host has told this page, and what follows from it. Results are kept until the file is read anew. */
import { isFloating } from '../../src/numbers/index.ts';
import type { CheckpointFacts, TensorRow, TensorSpectrum, TensorStatistics } from '../../src/protocol/engine.ts';
import { unpackFacts, type PackedFacts } from '../../src/protocol/packedFacts.ts';
import { adapterUpdates } from '../../src/metrics/adapterUpdates.ts';
import type { AdapterUpdates } from '../../src/protocol/results.ts';
import type { WireError } from '../../src/protocol/errors.ts';
import type { Digest } from '../../src/protocol/health.ts';
import type { DigestRun, DiskChange, InspectorToView, Progress, ScanRun } from '../../src/protocol/views.ts';
import { described, type Row } from './rows.ts';

/** Up to this size all tensors are read unasked: it takes less than a second, and finds every NaN. */
export const SMALL_BYTES = 64e6;

export class InspectorModel {
  facts: CheckpointFacts | null = null;
  baseSelected: string | null = null;
  rows: readonly Row[] = [];
  /** the matrices of "Analyze Spectra" */
  blockMatrices: readonly Row[] = [];
  /** weights of the largest tensor */
  largest = 0;
  readonly statistics = new Map<string, TensorStatistics>();
  /** by tensor, then by matrix: parts of fused tensors and experts of a stack */
  readonly spectra = new Map<string, Map<string, TensorSpectrum>>();
  /** what an adapter does by itself; null until it was asked for and is there */
  updates: AdapterUpdates | null = null;
  /** by tensor, also if one of its matrices failed */
  readonly failures = new Map<string, WireError>();
  progress: Progress | null = null;
  cancelled: { done: number; total: number } | null = null;
  error: WireError | null = null;
  /** set while the files on disk are others than those read: nothing more is read until a reload */
  disk: DiskChange | null = null;
  scan: ScanRun | null = null;
  /** by `file NAME` and `tensor NAME` */
  readonly digests = new Map<string, Digest>();
  digesting: DigestRun | null = null;
  /** its bytes come over a network */
  isRemote = false;
  /** of a remote one: the reader wants the values of what is in view */
  readsInView = false;
  /** of a remote one: tensors whose values the reader wants */
  readonly wanted = new Set<string>();
  private byName = new Map<string, Row>();
  private packed = '';

  row(name: string | null): Row | null {
    return name === null ? null : (this.byName.get(name) ?? null);
  }
  spectraOf(tensor: string): TensorSpectrum[] {
    return [...(this.spectra.get(tensor)?.values() ?? [])];
  }
  /** Values of this tensor can be read: of a floating type, not empty, not missing. */
  isReadable(row: TensorRow): boolean {
    const isDecoded = row.quantised ? row.quantised.reason === null : isFloating(row.dtype);
    return !row.missing && row.offset !== null && row.sizeBytes > 0 && isDecoded;
  }
  /** Values come only for tensors that the reader has asked for. */
  get asksFirst(): boolean {
    return this.isRemote && !this.readsInView && (this.facts?.sizeBytes ?? 0) > SMALL_BYTES;
  }
  /** The values of this tensor are neither there nor on their way. */
  waits(name: string): boolean {
    return this.asksFirst && !this.wanted.has(name) && !this.statistics.has(name);
  }
  bytesOf(names: readonly string[]): number {
    return names.reduce((sum, name) => sum + (this.row(name)?.tensor.sizeBytes ?? 0), 0);
  }
  get isAnalyzing(): boolean {
    return this.progress?.phase === 'spectra';
  }
  failureOf(tensor: string): WireError | null {
    return this.failures.get(tensor) ?? null;
  }
  /** These are tried again; all when none is named. */
  forgetFailures(tensors: readonly string[]): void {
    if (!tensors.length) this.failures.clear();
    for (const name of tensors) this.failures.delete(name);
  }
  private forgetResults(): void {
    this.statistics.clear();
    this.spectra.clear();
    this.failures.clear();
    this.updates = null;
    this.cancelled = null;
    this.error = null;
    this.scan = null;
    this.digests.clear();
    this.digesting = null;
  }

  /** Everything but what is about the view. */
  receive(message: Exclude<InspectorToView, { type: 'reveal' | 'matrix' | 'picture' }>): void {
    switch (message.type) {
      case 'facts':
        this.isRemote = message.remote === true;
        return this.open(message.facts, message.baseSelected);
      case 'statistics':
        for (const value of message.values) this.statistics.set(value.name, value);
        return;
      case 'spectra':
        for (const value of message.values) {
          const parts = this.spectra.get(value.tensor) ?? new Map<string, TensorSpectrum>();
          this.spectra.set(value.tensor, parts.set(value.name, value));
        }
        return;
      case 'updates':
        this.updates = adapterUpdates(message.values, true);
        return;
      case 'failed':
        // "NAME#q" is a part of NAME
        this.failures.set(
          this.byName.has(message.name) ? message.name : message.name.replace(/#.*$/, ''),
          message.error,
        );
        return;
      case 'progress':
        this.progress = message.progress;
        if (message.progress) this.cancelled = null;
        return;
      case 'scan':
        this.scan = message.run;
        return;
      case 'digests':
        for (const value of message.values) this.digests.set(`${value.of} ${value.name}`, value);
        this.digesting = message.run;
        return;
      case 'cancelled':
        this.cancelled = { done: message.done, total: message.total };
        this.progress = null;
        return;
      case 'disk':
        this.disk = message.change;
        return;
      case 'error':
        this.error = message.error;
        this.progress = null;
        return;
    }
  }

  private open(packed: PackedFacts, baseSelected: string | null): void {
    // The host repeats the facts when another base is selected; otherwise the file was read anew, and old results go.
    const isRepeat =
      this.facts !== null &&
      this.baseSelected !== baseSelected &&
      this.packed === packed.tensors &&
      this.facts.sizeBytes === packed.sizeBytes;
    this.baseSelected = baseSelected;
    if (isRepeat) return;
    this.forgetResults();
    const facts = unpackFacts(packed);
    this.facts = facts;
    this.packed = packed.tensors;
    this.rows = described(facts.tensors);
    this.blockMatrices = this.rows.filter(
      ({ tensor }) => tensor.spectral && !tensor.missing && tensor.role === 'block',
    );
    this.largest = this.rows.reduce((most, row) => Math.max(most, row.weights), 0);
    this.byName = new Map(this.rows.map((row) => [row.tensor.name, row]));
  }
}
