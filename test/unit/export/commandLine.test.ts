import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { parseInvocation } from '../../../src/cli/arguments.ts';
import { comparisonCommandLine } from '../../../src/export/commandLine.ts';
import { DEFAULT_PARAMETERS, type ComparisonParameters } from '../../../src/protocol/results.ts';

/** What a POSIX shell makes of the line. */
function shellWords(line: string): string[] {
  const out = execFileSync('sh', ['-c', `for word in ${line}; do printf '%s\\0' "$word"; done`], {
    encoding: 'utf8',
    cwd: '/',
  });
  return out.split('\0').slice(0, -1);
}

describe('comparisonCommandLine', () => {
  test('defaults are left out', () => {
    const line = comparisonCommandLine({ base: '/m/base', tuned: '/m/rl', parameters: DEFAULT_PARAMETERS }, 'linux');
    expect(line).toBe('offaxis compare /m/base /m/rl');
  });
  test.each(["/m/it's here", '/m/$(date) `id` "q" *', '-rf', '/m/a b\\'])('a shell hands over %s unchanged', (path) => {
    const words = shellWords(
      comparisonCommandLine({ base: path, tuned: '/m/rl', parameters: DEFAULT_PARAMETERS }, 'linux'),
    );
    expect(words).toEqual(['offaxis', 'compare', path.startsWith('-') ? `./${path}` : path, '/m/rl']);
  });
  test('the command line reads back to the same parameters', () => {
    const parameters: ComparisonParameters = {
      ...DEFAULT_PARAMETERS,
      alpha: 0.5,
      angleRank: 8,
      maskRank: 4,
      tensors: '-*.q_proj*',
      includeEmbeddings: true,
      profiles: true,
      spectra: false,
    };
    const [program, ...argv] = shellWords(comparisonCommandLine({ base: '/m/b', tuned: '/m/t', parameters }, 'linux'));
    expect(program).toBe('offaxis');
    expect(parseInvocation(argv)).toMatchObject({ command: 'compare', base: '/m/b', tuned: '/m/t', parameters });
  });
  test('Windows paths are put in double quotes, a last backslash doubled', () => {
    const line = comparisonCommandLine(
      { base: 'C:\\my models\\', tuned: 'C:\\rl', parameters: DEFAULT_PARAMETERS },
      'win32',
    );
    expect(line).toBe('offaxis compare "C:\\my models\\\\" C:\\rl');
  });
});
