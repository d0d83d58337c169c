import { describe, expect, it } from 'vitest';
import { parseInvocation } from '../../../src/cli/arguments.ts';
import { helpText } from '../../../src/cli/help.ts';
import { UsageError } from '../../../src/cli/options.ts';

describe('parseInvocation', () => {
  it('reads every option of compare', () => {
    const argv =
      'compare a b --alpha 0.5 --angle-rank 4 --mask-rank 2 --tensors *.q --include-embeddings --profiles --twin --twin-seed 5 --no-spectra --backend cpu --threads 3 --json - --csv out.csv --parquet out.parquet';
    expect(parseInvocation(argv.split(' '))).toMatchObject({
      command: 'compare',
      base: 'a',
      tuned: 'b',
      json: '-',
      csv: 'out.csv',
      parquet: 'out.parquet',
      backend: 'cpu',
      threads: 3,
      parameters: {
        alpha: 0.5,
        angleRank: 4,
        maskRank: 2,
        tensors: '*.q',
        includeEmbeddings: true,
        profiles: true,
        twin: true,
        twinSeed: 5,
        spectra: false,
      },
    });
  });
  it('goes as far as --until says', () => {
    const spectra = (...options: string[]): unknown => {
      const found = parseInvocation(['compare', 'a', 'b', ...options]);
      return found.command === 'compare' && found.parameters.spectra;
    };
    expect(spectra()).toBe(true);
    expect(spectra('--until', 'spectra')).toBe(true);
    expect(spectra('--until', 'alignment')).toBe('leading');
    expect(spectra('--until', 'change')).toBe(false);
    expect(spectra('--until', 'change', '--no-spectra')).toBe(false);
    expect(() => spectra('--until', 'alignment', '--no-spectra')).toThrow('leave out one of the two');
    expect(() => spectra('--until', 'tomorrow')).toThrow('--until is change, alignment, spectra, not "tomorrow".');
    for (const argv of ['runs a b c', 'steps a', 'report a b -o r.md'])
      expect(() => parseInvocation([...argv.split(' '), '--until', 'alignment'])).toThrow(
        /leave out --until alignment/,
      );
  });
  it('takes an adapter alone, whose base is then looked for', () => {
    expect(parseInvocation(['compare', 'adapter'])).toMatchObject({ base: null, tuned: 'adapter' });
  });
  it('reads every option of inspect; singular values imply spectra', () => {
    expect(parseInvocation(['inspect', 'x', '--stats', '--singular-values', '--json', 'f'])).toMatchObject({
      path: 'x',
      statistics: true,
      spectra: true,
      singularValues: true,
      json: 'f',
    });
  });
  it.each([
    ...['inspect x', 'verify a b', 'diff a b -o c', 'apply a b -o c'],
    ...['mask a --kind low -o c', 'mask a b --kind changed -o c'],
  ])('tells what a delta was made on: %s', (argv) => {
    expect(parseInvocation(argv.split(' '))).not.toHaveProperty('deltaBase');
    expect(parseInvocation([...argv.split(' '), '--delta-base', 'd'])).toMatchObject({ deltaBase: 'd' });
  });
  it.each([
    ['compare'],
    ['compare a b c'],
    ['inspect'],
    ['frobnicate x'],
    ['compare a b --alpha 1'],
    ['compare a b --alpha x'],
    ['compare a b --angle-rank 0'],
    ['compare a b --mask-rank 1.5'],
    ['compare a b --threads -1'],
    ['compare a b --backend tpu'],
    ['compare a b --nonsense'],
    ['compare a b --gpu-memory 0.5'],
    ['gpu x'],
    ['gpu --stats'],
    ['inspect x --csv f'],
    ['compare a b --parquet -'],
    ['compare a b --shard 1/2 --json x --parquet y'],
  ])('refuses "%s" with one sentence', (line) => {
    expect(() => parseInvocation(line.split(' '))).toThrow(UsageError);
    try {
      parseInvocation(line.split(' '));
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });
  it('reads every option of gpu', () => {
    expect(parseInvocation('gpu --backend gpu --gpu-memory 512 --json -'.split(' '))).toEqual({
      command: 'gpu',
      backend: 'gpu',
      memoryMiB: 512,
      memoryBytes: 0,
      cacheBytes: 4e9,
      threads: 0,
      json: '-',
    });
  });
  it('knows help and version', () => {
    expect(parseInvocation([])).toEqual({ command: 'help', topic: null });
    expect(parseInvocation(['compare', '--help'])).toEqual({ command: 'help', topic: 'compare' });
    expect(parseInvocation(['--version'])).toEqual({ command: 'version' });
    expect(helpText('compare')).toContain('--alpha');
  });
});
