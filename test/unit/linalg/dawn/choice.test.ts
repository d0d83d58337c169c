import { describe, expect, test } from 'vitest';
import { adapterName, isSoftware } from '../../../../src/linalg/dawn/adapter.ts';
import { choose, type Evidence } from '../../../../src/linalg/dawn/choice.ts';
import { memoryCap } from '../../../../src/linalg/dawn/memory.ts';
import type { AdapterFacts, EngineRuntime } from '../../../../src/protocol/gpu.ts';

const node: EngineRuntime = {
  kind: 'node',
  version: '22.12.0',
  electron: null,
  execPath: '/usr/bin/node',
  platform: 'linux',
  arch: 'x64',
};
const electron: EngineRuntime = { ...node, kind: 'electron', electron: '35.1.2', platform: 'win32' };
const card: AdapterFacts = {
  name: 'Test Card',
  kind: 'hardware',
  vendor: 'v',
  architecture: 'a',
  device: 'd',
  driver: 'driver 1',
  features: [],
  limits: {},
};
const software: AdapterFacts = { ...card, name: 'llvmpipe', kind: 'software' };
const passed = { ok: true, elapsedMs: 1, reason: null };
const forbidden = { ok: false, elapsedMs: 1, reason: 'External buffers are not allowed' };
const evidence = (change: Partial<Evidence>): Evidence => ({
  requested: 'auto',
  runtime: node,
  library: null,
  adapter: card,
  error: null,
  probe: passed,
  suspect: false,
  ...change,
});

describe('choose', () => {
  test('auto takes a hardware adapter whose probe passes, and no other', () => {
    expect(choose(evidence({})).chosen).toBe('gpu');
    expect(choose(evidence({ probe: { ...forbidden, reason: 'wrong bytes' } }))).toMatchObject({
      chosen: 'cpu',
      needsNode: false,
    });
    expect(choose(evidence({ adapter: software })).chosen).toBe('cpu');
    expect(choose(evidence({ adapter: null, probe: null })).chosen).toBe('cpu');
    expect(choose(evidence({ error: 'device creation failed', probe: null })).chosen).toBe('cpu');
  });
  test('a software adapter only when the GPU was asked for', () => {
    expect(choose(evidence({ adapter: software, requested: 'gpu' })).chosen).toBe('gpu');
    expect(choose(evidence({ adapter: software })).remedy).toContain('"gpu"');
  });
  test('cpu asks no further', () => {
    expect(choose(evidence({ requested: 'cpu' }))).toMatchObject({ chosen: 'cpu', remedy: null });
  });
  test('a build without the library says for which platform, whatever was asked for', () => {
    const library = { reason: 'this build has no GPU support for linux-riscv64', remedy: null };
    for (const requested of ['auto', 'gpu'] as const)
      expect(choose(evidence({ requested, library, adapter: null, probe: null }))).toMatchObject({
        chosen: 'cpu',
        why: 'This build has no GPU support for linux-riscv64.',
      });
  });
  test('only Electron without read-back asks for a real Node', () => {
    const choice = choose(evidence({ runtime: electron, probe: forbidden }));
    expect(choice).toMatchObject({ chosen: 'cpu', needsNode: true });
    expect(choice.why).toContain('External buffers are not allowed');
    expect(choice.remedy).toContain('offaxis.nodePath');
    expect(choose(evidence({ runtime: electron })).chosen).toBe('gpu');
    expect(choose(evidence({ runtime: electron, adapter: software, probe: null })).needsNode).toBe(false);
  });
  test('after a crash during GPU work the device is suspect', () => {
    expect(choose(evidence({ requested: 'gpu', suspect: true }))).toMatchObject({ chosen: 'cpu' });
    expect(choose(evidence({ suspect: true })).why).toContain('suspect');
  });
  test('every reason and remedy is one sentence', () => {
    const cases = [
      evidence({}),
      evidence({ requested: 'cpu' }),
      evidence({ adapter: null, probe: null, error: 'no loader.' }),
      evidence({ runtime: electron, probe: forbidden }),
      evidence({ adapter: null, runtime: { ...node, platform: 'darwin' } }),
      evidence({ suspect: true }),
    ];
    for (const { why, remedy } of cases.map(choose))
      for (const text of [why, remedy ?? 'None.']) expect(text).toMatch(/^[A-Z][^\n]*[^.]\.$/);
  });
});

const info = (change: object): GPUAdapterInfo =>
  ({
    vendor: '',
    architecture: '',
    device: '',
    description: '',
    isFallbackAdapter: false,
    ...change,
  }) as GPUAdapterInfo;

describe('adapterName', () => {
  test.each([
    [{ device: 'nvidia-geforce-rtx-4090', description: 'NVIDIA: 550.54.14' }, 'NVIDIA Geforce RTX 4090'],
    [{ device: 'apple-m3-max', description: 'Metal driver on macOS' }, 'Apple M3 Max'],
    [{ vendor: 'intel', architecture: 'xe' }, 'Intel Xe'],
    [
      { description: 'llvmpipe: Mesa 25.0.7 (LLVM 15) 0.0.1', isFallbackAdapter: true },
      'llvmpipe: Mesa 25.0.7 (LLVM 15)',
    ],
    [{}, 'Unnamed adapter'],
  ])('%j', (change, name) => expect(adapterName(info(change))).toBe(name));
});

describe('isSoftware', () => {
  test.each([
    [{ isFallbackAdapter: true }],
    [{ architecture: 'swiftshader' }],
    [{ description: 'llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)' }],
    [{ device: 'Microsoft Basic Render Driver' }],
    [{ description: 'WARP' }],
  ])('%j', (change) => expect(isSoftware(info(change))).toBe(true));
  test('a card is not', () => {
    expect(isSoftware(info({ vendor: 'nvidia', description: 'NVIDIA: 550.54.14', device: 'h100' }))).toBe(false);
    expect(isSoftware(info({ vendor: 'apple', description: 'Warped driver' }))).toBe(false);
  });
});

describe('memoryCap', () => {
  const GIB = 2 ** 30;
  test('the setting rules; without it main memory and the limits do', () => {
    expect(memoryCap(512, GIB, 64 * GIB)).toBe(GIB / 2);
    expect(memoryCap(0, GIB, 64 * GIB)).toBe(4 * GIB);
    expect(memoryCap(0, GIB, 8 * GIB)).toBe(2 * GIB);
    expect(memoryCap(0, GIB / 4, 64 * GIB)).toBe(GIB);
  });
});
