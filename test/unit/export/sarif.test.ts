import { describe, expect, it } from 'vitest';
import { checkSarif } from '../../../src/export/sarif.ts';
import type { CheckResult, Finding } from '../../../src/protocol/health.ts';

interface Log {
  version: string;
  runs: {
    tool: { driver: { name: string; rules: { id: string; defaultConfiguration: { level: string } }[] } };
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      message: { text: string };
      locations: {
        physicalLocation: { artifactLocation: { uri: string }; region?: { byteOffset: number } };
        logicalLocations?: { fullyQualifiedName: string }[];
      }[];
      partialFingerprints: Record<string, string>;
    }[];
  }[];
}
const FINDINGS: Finding[] = [
  {
    severity: 'error',
    code: 'nan',
    message: 'a\u001b[31m',
    file: 'model 1.safetensors',
    tensor: 'x.weight',
    byteOffset: 8,
  },
  { severity: 'warning', code: 'duplicate', message: 'b', file: 'model 1.safetensors', tensor: 'y', related: ['z'] },
  { severity: 'info', code: 'tied-weights', message: 'c' },
  { severity: 'error', code: 'nan', message: 'd', file: 'model 1.safetensors', tensor: 'w' },
];
const sarif = (path: string, folder: string, findings = FINDINGS): Log => {
  const result = { schema: 'offaxis.check/1', path, verdict: 'problems', findings } as unknown as CheckResult;
  return checkSarif(result, { version: '1.2.3', folder, checkpointFolder: path }) as Log;
};

describe('SARIF', () => {
  it.each(['https://example.org/m', 's3://bucket/m', 'hf://org/model@main'])(
    'names files of %s by their address',
    (at) => {
      const uris = sarif(at, '/work').runs[0]?.results.map(
        (one) => one.locations[0]?.physicalLocation.artifactLocation.uri,
      );
      const file = `${at}/model%201.safetensors`;
      expect(uris).toEqual([file, file, at, file]);
    },
  );
  const [run] = sarif('/work/models/base', '/work').runs;
  it('has one rule a code, which results point at by index, with the level of their severity', () => {
    const rules = run?.tool.driver.rules ?? [];
    expect(rules.map(({ id }) => id)).toEqual(['nan', 'duplicate', 'tied-weights']);
    expect(rules.map(({ defaultConfiguration: { level } }) => level)).toEqual(['error', 'warning', 'note']);
    for (const { ruleId, ruleIndex, level } of run?.results ?? []) {
      expect(rules[ruleIndex]?.id).toBe(ruleId);
      expect(rules[ruleIndex]?.defaultConfiguration.level).toBe(level);
    }
    expect(run?.results).toHaveLength(4);
  });
  it('names files from the folder of the run, else by their address; tensors are logical locations', () => {
    const [nan, duplicate, tied] = run?.results ?? [];
    expect(nan?.locations[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'models/base/model%201.safetensors' },
      region: { byteOffset: 8 },
    });
    expect(duplicate?.locations[0]?.logicalLocations?.map((one) => one.fullyQualifiedName)).toEqual(['y', 'z']);
    expect(tied?.locations[0]).toEqual({ physicalLocation: { artifactLocation: { uri: 'models/base' } } });
    const [away] = sarif('/work/models/base', '/elsewhere').runs[0]?.results ?? [];
    expect(away?.locations[0]?.physicalLocation.artifactLocation.uri).toBe(
      'file:///work/models/base/model%201.safetensors',
    );
  });
  it('shows controls as escapes, and tells findings apart from run to run', () => {
    expect(run?.results[0]?.message.text).toBe('a\\u{1B}[31m');
    const prints = run?.results.map(({ partialFingerprints }) => partialFingerprints['offaxis/v1']) ?? [];
    expect(new Set(prints).size).toBe(4);
    expect(sarif('/a', '/a', []).runs[0]?.results).toEqual([]);
  });
});
