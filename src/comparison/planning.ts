/** The plan of a comparison, and the parameters that nobody has chosen: they follow from what it would take. */
import type { EngineClient } from '../engine/client.ts';
import type { ComparisonPlan } from '../protocol/engine.ts';
import type { GpuReport } from '../protocol/gpu.ts';
import type { BackendInfo, ComparisonParameters } from '../protocol/results.ts';
import { asksForSpectra, computesTwinUnasked, startsUnasked, type SpectraChoice } from './cost.ts';
import type { ComparisonSpec } from './store.ts';

export interface Planned {
  plan: ComparisonPlan;
  backend: BackendInfo;
  gpu: GpuReport;
  /** starts without asking; noise that was decided on does not count */
  isCheap: boolean;
  /** those asked for, unless it was decided */
  parameters: ComparisonParameters;
}

/**
 * `decides`: if whole spectra take long they wait for the reader (`choice`: the setting), and noise of the same size is computed if it is
 * cheap. Throws as the engine does.
 */
export async function planAs(
  engine: Pick<EngineClient, 'call'>,
  spec: ComparisonSpec,
  { decides, choice, signal }: { decides: boolean; choice: SpectraChoice; signal: AbortSignal },
): Promise<Planned> {
  let { parameters } = spec;
  const planOf = (changed: ComparisonParameters): Promise<ComparisonPlan> =>
    engine.call('plan', { ...spec, parameters: changed }, signal);
  let plan = await planOf(parameters);
  const { kind, name, precision, threads, gpu } = await engine.call('info', {}, signal);
  const backend = { kind, name, precision, threads };
  if (decides && parameters.spectra === true && asksForSpectra(plan.cost, backend, choice)) {
    parameters = { ...parameters, spectra: 'leading' };
    plan = await planOf(parameters);
  }
  const isCheap = startsUnasked(plan);
  if (decides && !parameters.twin) {
    const withTwin = await planOf({ ...parameters, twin: true });
    if (computesTwinUnasked(plan.cost, withTwin.cost, threads)) {
      parameters = { ...parameters, twin: true };
      plan = withTwin;
    }
  }
  return { plan, backend, gpu, isCheap, parameters };
}
