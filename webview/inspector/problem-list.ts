/** What is wrong with the tensors of a checkpoint, as far as it is known. Pure. */
import { isBias } from '../../src/families/names.ts';
import { startsAtZero } from '../../src/families/lora.ts';
import type { Problem } from '../../src/protocol/results.ts';
import { integer } from '../shared/format.ts';
import type { InspectorModel } from './model.ts';
import { t } from '../shared/l10n.ts';

export interface Found {
  severity: Problem['severity'];
  message: string;
  tensor?: string | undefined;
}

/** What the values read so far hold: NaN, infinities, nothing but zeros. */
function inValues(model: InspectorModel): Found[] {
  const found: Found[] = [];
  for (const { name, stats } of model.statistics.values()) {
    if (stats.nan || stats.inf) {
      const message = notFinite(name, stats.nan, stats.inf);
      found.push({ severity: 'warning', message, tensor: name });
      // Biases and the B half of a fresh adapter start at zero.
    } else if (stats.absMax === 0 && !isBias(name) && !startsAtZero(name))
      found.push({ severity: 'info', message: t('{0} holds nothing but zeros.', name), tensor: name });
  }
  return found;
}
function notFinite(name: string, nan: number, inf: number): string {
  if (nan && inf)
    return t(
      '{0} holds {1} NaN and {2} infinite weights: no spectrum of it is defined.',
      name,
      integer(nan),
      integer(inf),
    );
  return nan
    ? t('{0} holds {1} NaN weights: no spectrum of it is defined.', name, integer(nan))
    : t('{0} holds {1} infinite weights: no spectrum of it is defined.', name, integer(inf));
}
const RANK = { error: 0, warning: 1, info: 2 } as const;
/** What opening the checkpoint told. What the banner of a shard says is not said twice. */
export const headerProblems = ({ facts }: InspectorModel): readonly Problem[] =>
  facts?.whole === undefined ? (facts?.problems ?? []) : facts.problems.filter(({ code }) => code !== 'other-files');

/** Everything known, the worst first. A scan knows more than the values read so far, and tells of the header as well. */
export function foundProblems(model: InspectorModel): Found[] {
  const { scan } = model;
  const known = scan && scan.state !== 'failed' && scan.findings.length ? scan.findings : headerProblems(model);
  const told = new Set(known.map(({ tensor }) => tensor));
  const values = scan?.state === 'done' ? [] : inValues(model).filter(({ tensor }) => !told.has(tensor));
  return [...known, ...values].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}

/** Problems that the host knows of and did not send: a page lists no more. */
export function problemsLeftOut({ scan, facts }: InspectorModel): number {
  return scan && scan.state !== 'failed' && scan.findings.length ? scan.findingsLeftOut : (facts?.problemsLeftOut ?? 0);
}

/** Names of the tensors that something is wrong with: in the header, in their values, or in reading them. */
export function problemTensors(model: InspectorModel): Set<string> {
  const names = new Set(model.failures.keys());
  for (const { tensor } of foundProblems(model)) if (tensor) names.add(tensor);
  for (const { related = [] } of model.scan?.findings ?? []) for (const name of related) names.add(name);
  return names;
}
