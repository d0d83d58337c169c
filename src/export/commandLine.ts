/** The command line that repeats a comparison in a terminal. */
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../protocol/results.ts';

export interface ComparisonCommand {
  base: string;
  tuned: string;
  parameters: ComparisonParameters;
}

/**
 * `offaxis compare BASE TUNED ...`, quoted for the shell: POSIX single quotes, or double quotes for cmd.exe and PowerShell. Parameters
 * at their default are left out. The probes' tolerances have no option on the command line; they are always at their default there.
 */
export function comparisonCommandLine(
  { base, tuned, parameters }: ComparisonCommand,
  platform: NodeJS.Platform = process.platform,
): string {
  return quoted(['offaxis', 'compare', operand(base), operand(tuned), ...optionsOf(parameters)], platform);
}
/** `offaxis report BASE TUNED ... -o FILE`, as above. */
export function reportCommandLine(
  { base, tuned, parameters }: ComparisonCommand,
  destination: string,
  platform: NodeJS.Platform = process.platform,
): string {
  const output = ['-o', operand(destination)];
  return quoted(['offaxis', 'report', operand(base), operand(tuned), ...optionsOf(parameters), ...output], platform);
}
/** `offaxis runs BASE TUNED ...`, or `offaxis steps STEP=BASE STEP=PATH ...`, as above. */
export function severalCommandLine(
  {
    kind,
    base,
    baseStep,
    runs,
    parameters,
  }: {
    kind: 'runs' | 'steps';
    base: string;
    baseStep: number | null;
    runs: readonly { path: string; step: number | null }[];
    parameters: ComparisonParameters;
  },
  platform: NodeJS.Platform = process.platform,
): string {
  const word = (path: string, step: number | null): string => (step === null ? operand(path) : `${step}=${path}`);
  const words = [
    word(base, kind === 'steps' ? (baseStep ?? 0) : null),
    ...runs.map(({ path, step }) => word(path, step)),
  ];
  return quoted(['offaxis', kind, ...words, ...optionsOf(parameters)], platform);
}
const quoted = (words: readonly string[], platform: NodeJS.Platform): string =>
  words.map(platform === 'win32' ? quoteWindows : quotePosix).join(' ');

function optionsOf(parameters: ComparisonParameters): string[] {
  const words: string[] = [];
  const number = (option: string, value: number | null, byDefault: number | null): void => {
    if (value !== null && value !== byDefault) words.push(option, String(value));
  };
  number('--alpha', parameters.alpha, DEFAULT_PARAMETERS.alpha);
  number('--angle-rank', parameters.angleRank, DEFAULT_PARAMETERS.angleRank);
  number('--mask-rank', parameters.maskRank, DEFAULT_PARAMETERS.maskRank);
  if (parameters.tensors !== null) words.push(`--tensors=${parameters.tensors}`);
  if (parameters.includeEmbeddings) words.push('--include-embeddings');
  if (parameters.profiles) words.push('--profiles');
  if (parameters.twin) words.push('--twin');
  if (parameters.twin) number('--twin-seed', parameters.twinSeed, DEFAULT_PARAMETERS.twinSeed);
  if (!parameters.spectra) words.push('--no-spectra');
  if (parameters.spectra === 'leading') words.push('--until', 'alignment');
  return words;
}

/** A path that begins with a dash would be read as an option. */
export function operand(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

/** One word of a POSIX shell. */
export function quotePosix(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Windows file names hold no double quote; a trailing backslash would escape the closing one. */
function quoteWindows(word: string): string {
  return /^[\w@+=:,./\\-]+$/.test(word) ? word : `"${word.replaceAll('"', '""').replace(/\\+$/, '$&$&')}"`;
}
