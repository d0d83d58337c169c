/** The engine's work, in process: used by the command line directly and by the engine process for the extension. */
import type {
  CheckpointFacts,
  ComparedCheckpoints,
  CompareRequest,
  ComparisonEvent,
  ComparisonPlan,
  EngineCalls,
  EngineStreams,
  InspectionEvent,
  ModuleList,
} from '../protocol/engine.ts';
import { OffaxisError } from '../protocol/errors.ts';
import { say } from '../protocol/say.ts';
import type { DigestEvent, ScanEvent } from '../protocol/health.ts';
import type { GpuReport } from '../protocol/gpu.ts';
import type { ExportEvent, PictureEvent, ValuesBlock } from '../protocol/matrix.ts';
import type { Inputs } from '../protocol/part.ts';
import type { BackendInfo, ComparisonParameters } from '../protocol/results.ts';
import type { LinearAlgebraBackend } from '../linalg/backend.ts';
import type { MaskEvent, MaskRequest } from '../protocol/mask.ts';
import type { ApplyEvent, ApplyRequest, DiffEvent, DiffRequest } from '../protocol/patch.ts';
import type { SeveralEvent, SeveralRequest } from '../protocol/several.ts';
import type { UpdatePairEvent } from '../protocol/updatePair.ts';
import type { VerifyEvent, VerifyRequest } from '../protocol/verify.ts';
import { remote } from '../bytes/index.ts';
import { CachedBlocks } from '../cache/index.ts';
import { checkpointsAt, findBase, type Checkpoint } from '../checkpoint/index.ts';
import { CheckpointCache, type HeldCheckpoint } from './checkpointCache.ts';
import { createBackends, type BackendChoice } from './backend.ts';
import { compareCheckpoints, type RunningComparison } from './compare.ts';
import { ComparisonCache, type HeldComparison } from './comparisonCache.ts';
import { digestCheckpoint } from './digests.ts';
import { exportTensor } from './exportTensor.ts';
import { inputsOf } from './inputs.ts';
import { inspectCheckpoint } from './inspect.ts';
import { modulesOf } from './modules.ts';
import { writeMasks } from './mask/write.ts';
import { deltaBaseOf, holdWeights } from './overDeltas.ts';
import { applyPatch } from './patch/apply.ts';
import { diffCheckpoints } from './patch/diff.ts';
import { pictureOf } from './picture.ts';
import { planComparison } from './plan.ts';
import { scanCheckpoint } from './scan.ts';
import { compareSeveral } from './several.ts';
import { adapterPair, isKnownAlone, weightPair } from './updatePair.ts';
import { readValues } from './values.ts';
import { verifyCheckpoints } from './verify.ts';

export interface Analysis {
  /** Where spectra are computed, and why there: looks for the GPU at the first call. */
  info(): Promise<BackendInfo & { gpu: GpuReport }>;
  /** For people: what GPU this machine has, whatever the choice. */
  gpu(): Promise<GpuReport>;
  /** What an address names: see EngineCalls. Throws bad-file, bad-parameter, read-failed and cancelled. */
  locate(address: string, signal?: AbortSignal): Promise<readonly string[]>;
  /** Headers only. Throws bad-file or read-failed. */
  open(params: Parameters<EngineCalls['open']>[0], signal?: AbortSignal): Promise<CheckpointFacts>;
  /** What a comparison would do and cost; reads headers only. */
  plan(params: Parameters<EngineCalls['plan']>[0], signal?: AbortSignal): Promise<ComparisonPlan>;
  /** Reads headers only. Throws as `open` does. */
  modules(params: Parameters<EngineCalls['modules']>[0], signal?: AbortSignal): Promise<ModuleList>;
  /** A comparison that was planned is held open, for its run and its pictures, until this or until others take its place. */
  letGo(params: Parameters<EngineCalls['letGo']>[0]): Promise<void>;
  prioritize(params: Parameters<EngineCalls['prioritize']>[0]): void;
  /** What tells that another machine compares the same files; throws bad-file, read-failed and cancelled. */
  inputs(params: ComparedCheckpoints, signal: AbortSignal): Promise<Inputs>;
  inspect(params: Parameters<EngineStreams['inspect']>[0], signal: AbortSignal): AsyncIterable<InspectionEvent>;
  compare(params: CompareRequest, signal: AbortSignal): AsyncIterable<ComparisonEvent>;
  /** Several tuned checkpoints or adapters of one base. Throws as `plan` and `compare` do. */
  several(params: SeveralRequest, signal: AbortSignal): AsyncIterable<SeveralEvent>;
  /**
   * Two updates of one base beside each other, as far as they are known without it; with `base` all that both change. Throws as `open`
   * and `compare` do.
   */
  updatePairs(
    params: { one: string; other: string; base: string | null },
    signal: AbortSignal,
  ): AsyncIterable<UpdatePairEvent>;
  /** Whether every update of this checkpoint, an adapter, is known without its base. */
  isKnownAlone(path: string, signal: AbortSignal): Promise<boolean>;
  /** Whether two checkpoints hold the same weights. Throws as `open` does, bad-file, read-failed, cancelled. */
  verify(params: VerifyRequest, signal: AbortSignal): AsyncIterable<VerifyEvent>;
  /** Writes masks of weights. Throws as `open`, `compare` and `exportTensor` do. */
  mask(params: MaskRequest, signal: AbortSignal): AsyncIterable<MaskEvent>;
  /** Writes what changed. Throws as `verify`, and bad-parameter if the destination is refused. */
  diff(params: DiffRequest, signal: AbortSignal): AsyncIterable<DiffEvent>;
  /** Writes the tuned checkpoint again. Throws as `diff`, and bad-file if base and patch do not belong together. */
  applyPatch(params: ApplyRequest, signal: AbortSignal): AsyncIterable<ApplyEvent>;
  scan(params: Parameters<EngineStreams['scan']>[0], signal: AbortSignal): AsyncIterable<ScanEvent>;
  digest(params: Parameters<EngineStreams['digest']>[0], signal: AbortSignal): AsyncIterable<DigestEvent>;
  values(params: Parameters<EngineCalls['values']>[0], signal?: AbortSignal): Promise<ValuesBlock>;
  picture(params: Parameters<EngineStreams['picture']>[0], signal: AbortSignal): AsyncIterable<PictureEvent>;
  exportTensor(params: Parameters<EngineStreams['exportTensor']>[0], signal: AbortSignal): AsyncIterable<ExportEvent>;
  dispose(): Promise<void>;
}

/** Opens the engine. The backend's threads start with the first work that needs them. */
export async function createAnalysis(options: BackendChoice): Promise<Analysis> {
  const backends = await createBackends(options);
  const { log } = options;
  // What a server is waited for is said as it happens.
  if (log) remote.use({ tell: (line) => log.warn(line) });
  const { keeping } = backends;
  // Nothing that was downloaded stays on this machine if no results do.
  remote.use({ blocks: keeping && options.cache ? new CachedBlocks(keeping.cache, options.cache.maxBytes) : null });
  const running = new Map<string, RunningComparison>();
  const cache = new CheckpointCache();
  const comparisons = new ComparisonCache(cache);
  const backendFor = async ({ spectra }: ComparisonParameters): Promise<LinearAlgebraBackend> =>
    spectra === 'leading' ? backends.aligning : spectra ? backends.spectral() : backends.cpu;
  return {
    info: async () => ({ ...(await backends.spectral()).info, gpu: await backends.choice() }),
    gpu: () => backends.report(),
    locate: async (address, signal) => checkpointsAt(await remote.pinned(remote.admit(address), signal)),
    async open({ path, limits, deltaBase }, signal) {
      if (deltaBase === undefined) return cache.facts(path, signal, limits);
      const { checkpoint, release } = await holdWeights(cache, path, deltaBaseOf(deltaBase), signal);
      await release();
      return checkpoint.facts;
    },
    async plan({ base, tuned, parameters }, signal) {
      const backend = await backendFor(parameters);
      const { includeEmbeddings, tensors } = parameters;
      const { open, release } = await comparisons.hold({ base, tuned, includeEmbeddings, tensors }, signal);
      try {
        return planComparison(open, parameters, backend);
      } finally {
        await release();
      }
    },
    modules: ({ path, tensors, most }, signal) =>
      cache.use(path, async (checkpoint) => modulesOf(checkpoint, tensors, most), signal),
    letGo: (compared) => comparisons.letGo(compared),
    prioritize({ runId, name }) {
      running.get(runId)?.prioritize(name);
    },
    async inputs(compared, signal) {
      const { open, release } = await comparisons.hold(compared, signal);
      try {
        return {
          base: await inputsOf(compared.base, open.base, signal),
          tuned: await inputsOf(compared.tuned, open.tuned, signal, open.base),
        };
      } finally {
        await release();
      }
    },
    async *inspect(params, signal) {
      const backend = params.spectra ? await backends.spectral() : backends.cpu;
      const { path, deltaBase } = params;
      const { checkpoint, release } =
        deltaBase === undefined
          ? await cache.hold(path, signal)
          : await holdWeights(cache, path, deltaBaseOf(deltaBase), signal);
      const over = params.updates ? await overFoundBase(comparisons, checkpoint, path, signal) : null;
      try {
        yield* inspectCheckpoint(backend, checkpoint, params, signal, over?.open.pairing.pairs);
      } finally {
        await over?.release();
        await release();
      }
    },
    async *compare(params, signal) {
      const backend = await backendFor(params.parameters);
      const { base, tuned, parameters } = params;
      const { includeEmbeddings, tensors } = parameters;
      const { open, release } = await comparisons.hold({ base, tuned, includeEmbeddings, tensors }, signal);
      try {
        yield* compareCheckpoints(backend, open, params, running, signal, backends.keeping);
      } finally {
        await release();
      }
    },
    async *several(params, signal) {
      const { base, tuned, parameters } = params;
      const { includeEmbeddings, tensors } = parameters;
      const backend = parameters.spectra ? await backends.spectral() : backends.cpu;
      const held: HeldComparison[] = [];
      try {
        for (const path of tuned)
          held.push(await comparisons.hold({ base, tuned: path, includeEmbeddings, tensors }, signal));
        const opened = held.map(({ open }) => open);
        yield* compareSeveral(backend, opened, params, signal);
      } finally {
        for (const { release } of held) await release();
      }
    },
    isKnownAlone: (path, signal) => cache.use(path, async (checkpoint) => isKnownAlone(checkpoint), signal),
    async *updatePairs({ one, other, base }, signal) {
      if (base === null) {
        const held = [await cache.hold(one, signal)];
        try {
          held.push(await cache.hold(other, signal));
          const [left, right] = held.map(({ checkpoint }) => checkpoint);
          if (left && right) yield* adapterPair(left, right, signal);
        } finally {
          for (const { release } of held) await release();
        }
        return;
      }
      const all = { includeEmbeddings: false, tensors: null };
      const held = [await comparisons.hold({ base, tuned: one, ...all }, signal)];
      try {
        held.push(await comparisons.hold({ base, tuned: other, ...all }, signal));
        const [left, right] = held.map(({ open }) => open.pairing.pairs);
        if (left && right) yield* weightPair(left, right, signal);
      } finally {
        for (const { release } of held) await release();
      }
    },
    async *mask(params, signal) {
      const { base, tuned, kind, deltaBase } = params;
      if ((tuned !== null) !== (kind === 'changed'))
        throw new OffaxisError(
          'bad-parameter',
          say('The mask "changed" is of BASE and TUNED, every other one of BASE alone.'),
        );
      if (tuned !== null) {
        const compared = { base, tuned, includeEmbeddings: true, tensors: null, deltaBase: deltaBaseOf(deltaBase) };
        const { open, release } = await comparisons.hold(compared, signal);
        try {
          yield* writeMasks(
            open.base,
            { checkpoint: open.tuned, pairs: open.pairing.pairs },
            params,
            backends.cpu,
            signal,
          );
        } finally {
          await release();
        }
        return;
      }
      const { checkpoint, release } = await holdWeights(cache, base, deltaBaseOf(deltaBase), signal);
      try {
        yield* writeMasks(checkpoint, null, params, backends.aligning, signal);
      } finally {
        await release();
      }
    },
    verify({ a, b, deltaBase, ...tolerance }, signal) {
      const under = deltaBaseOf(deltaBase);
      const sides = [() => holdWeights(cache, a, under, signal), () => holdWeights(cache, b, under, signal)] as const;
      return withBoth(sides, (one, other) => verifyCheckpoints(one, other, tolerance, signal));
    },
    diff({ base, tuned, deltaBase, destination }, signal) {
      const sides = [
        () => holdWeights(cache, base, deltaBaseOf(deltaBase), signal),
        () => holdWeights(cache, tuned, deltaBaseOf(deltaBase ?? base), signal),
      ] as const;
      return withBoth(sides, (one, other) => diffCheckpoints(one, other, destination, signal));
    },
    applyPatch({ base, patch, deltaBase, destination }, signal) {
      const sides = [
        () => holdWeights(cache, base, deltaBaseOf(deltaBase), signal),
        () => cache.holdReadable(patch, signal),
      ] as const;
      return withBoth(sides, (one, other) => applyPatch(one, other, destination, signal));
    },
    scan: (params, signal) => scanCheckpoint(backends.cpu, params, signal),
    digest: (params, signal) => digestCheckpoint(params, signal),
    values: ({ path, ...request }, signal) =>
      cache.use(path, (checkpoint) => readValues(checkpoint, request, signal), signal),
    picture: ({ checkpoints, ...request }, signal) =>
      pictureOf({ checkpoints: cache, comparisons }, checkpoints, request, signal),
    exportTensor,
    async dispose() {
      await comparisons.dispose();
      await cache.dispose();
      await backends.dispose();
    },
  };
}

/** A stream over two checkpoints, which are held as long as it runs. */
async function* withBoth<E>(
  [one, other]: readonly [() => Promise<HeldCheckpoint>, () => Promise<HeldCheckpoint>],
  work: (one: Checkpoint, other: Checkpoint) => AsyncIterable<E>,
): AsyncGenerator<E, void, undefined> {
  const left = await one();
  try {
    const right = await other();
    try {
      yield* work(left.checkpoint, right.checkpoint);
    } finally {
      await right.release();
    }
  } finally {
    await left.release();
  }
}

/** An adapter over its base, if some of its updates are not known without it and it lies where the adapter says; else null. */
async function overFoundBase(
  comparisons: ComparisonCache,
  checkpoint: Checkpoint,
  path: string,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<ComparisonCache['hold']>> | null> {
  const { adapter } = checkpoint;
  if (!adapter || adapter.facts.unmerged || adapter.refused !== null || isKnownAlone(checkpoint)) return null;
  const { path: base } = await findBase(path, adapter.facts.base, []);
  if (base === null) return null;
  try {
    return await comparisons.hold({ base, tuned: path, includeEmbeddings: false, tensors: null }, signal);
  } catch (error) {
    // What can't be opened is told by the comparison; the adapter alone is what it is.
    if (error instanceof OffaxisError && error.code !== 'cancelled') return null;
    throw error;
  }
}
