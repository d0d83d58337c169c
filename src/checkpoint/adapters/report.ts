/** What is broken in an adapter, and one line that says what it is. */
import type { ProblemList } from '../../formats/index.ts';
import type { Adapter } from './adapter.ts';
import { brokenParts } from './parts.ts';
import { whyNoScale } from './scale.ts';

export function reportAdapter({ facts, modules, refused }: Adapter, problems: ProblemList): void {
  const { kind, rank, scale, matrices, unmerged } = facts;
  const details = [rank === null ? [] : [`rank ${rank}`], scale === null ? [] : [`scale ${scale}`]].flat();
  const what = [unmerged ? `an adapter (${kind})` : `this is an adapter (${kind})`, ...details].join(', ');
  const where = matrices === 1 ? '1 module' : `${matrices} modules`;
  if (unmerged)
    problems.add(
      'info',
      'adapter-unmerged',
      `${what}, is not merged into ${where} of this model: their weights alone are not what it computes with.`,
      'A comparison takes weight and update together.',
    );
  else if (refused !== null) problems.add('info', 'adapter', `${what}: ${refused}.`, '');
  else
    problems.add(
      'info',
      'adapter',
      `${what}, for ${where}: its tensors are parts of an update, not weights.`,
      'Compare its base with it.',
    );
  for (const { parts } of modules.values()) {
    const broken = brokenParts(parts);
    if (broken)
      problems.add('error', broken.code, `${broken.reason}.`, 'Save the adapter again.', { tensor: broken.tensor });
  }
  const unscaled = [...modules.values()].find((module) => module.scale === null && /oRA$/.test(module.kind));
  if (unscaled && refused === null)
    problems.add(
      'warning',
      'adapter-alpha-missing',
      `${whyNoScale(unscaled)}.`,
      'Nothing is computed of its update: put the adapter_config.json of its training beside it.',
    );
}
