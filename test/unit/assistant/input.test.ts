import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callTool, estimatedBudget, TOOLS } from '../../../src/assistant/index.ts';
import { ToolInput } from '../../../src/assistant/input.ts';
import { createAnalysis } from '../../../src/analysis/index.ts';

describe('inputs that a tool does not know', () => {
  it.each(TOOLS)('$name refuses each, and names those that it has', async ({ name, inputSchema }) => {
    const analysis = await createAnalysis({ backend: 'cpu', threads: 1, directory: resolve('dist') });
    try {
      const context = {
        engine: analysis,
        resolve: (path: string) => resolve(path),
        budget: estimatedBudget,
        signal: new AbortController().signal,
      };
      const inputs = Object.fromEntries(inputSchema.required.map((key) => [key, 'media/samples/base']));
      for (const stranger of ['nmae', 'Path', 'constructor', 'toString', '__proto__', '']) {
        const input = { ...inputs };
        Object.defineProperty(input, stranger, { value: '*', enumerable: true });
        const failed = await callTool(name, input, context).then(
          () => null,
          (error: unknown) => error as Error & { code: string },
        );
        expect(failed, stranger).toMatchObject({ code: 'bad-parameter' });
        expect(failed?.message).toContain(JSON.stringify(stranger));
        for (const known of Object.keys(inputSchema.properties)) expect(failed?.message).toContain(known);
      }
    } finally {
      await analysis.dispose();
    }
  });
  it.each([[null], [[]], ['path'], [7], [undefined]])('%j is not an object', (input) => {
    expect(() => new ToolInput(input, ['path'])).toThrow(/must be an object/);
  });
  it('an inherited name is not an input', () => {
    const input = new ToolInput(Object.create({ path: '/etc' }) as object, ['path']);
    expect(input.text('path')).toBeUndefined();
  });
});

describe('inputs of another kind', () => {
  const input = (value: unknown): ToolInput => new ToolInput({ key: value }, ['key']);
  it.each([
    ['text', ['', 7, true, {}, []], 'a'],
    ['flag', ['true', 1, {}], true],
    ['whole', [-1, 0.5, '7', NaN, Infinity, 2 ** 53], 7],
  ] as const)('%s refuses them with the name of the input', (kind, wrong, right) => {
    const read = (value: unknown): unknown =>
      kind === 'flag' ? input(value).flag('key', false) : input(value)[kind]('key');
    for (const value of wrong) expect(() => read(value), JSON.stringify(value)).toThrow(/"key" must be/);
    expect(read(right)).toBe(right);
    expect(read(null)).toBe(kind === 'flag' ? false : undefined);
  });
  it('a choice is one of those offered', () => {
    expect(() => input('up').choice('key', ['file', 'size'], 'file')).toThrow(/must be one of file, size/);
    expect(input('size').choice('key', ['file', 'size'], 'file')).toBe('size');
  });
});
