import { expect, test } from 'vitest';
import { ProblemList, quoted } from '../../../src/formats/problems.ts';

test('a problem says where it lies, as far as that is known, and what to do', () => {
  const problems = new ProblemList('m.safetensors');
  problems.add('error', 'one', 'it is wrong.', 'Save it again.', { tensor: 'a', byteOffset: 0 });
  problems.add('info', 'two', 'it is odd.', '');
  expect(problems.list()).toEqual([
    {
      ...{ severity: 'error', code: 'one', file: 'm.safetensors', tensor: 'a', byteOffset: 0 },
      message: 'm.safetensors, tensor "a", byte 0: it is wrong. Save it again.',
    },
    { severity: 'info', code: 'two', file: 'm.safetensors', message: 'm.safetensors: it is odd.' },
  ]);
  expect(problems.hasErrors).toBe(true);
});

test('twenty of a kind are listed, and how many more there are', () => {
  const problems = new ProblemList('m');
  for (let i = 0; i < 20; i++) problems.add('warning', 'kind', `${i}.`, '');
  expect(problems.list()).toHaveLength(20);
  expect(problems.hasErrors).toBe(false);
  problems.add('warning', 'kind', 'one more.', '');
  expect(problems.list()).toHaveLength(21);
  expect(problems.list().at(-1)).toEqual({
    ...{ severity: 'warning', code: 'kind', file: 'm' },
    message: 'm: 1 more problems of this kind (kind).',
  });
});

test('a name in quotes is cut, and hides nothing', () => {
  expect(quoted('a"b\\')).toBe('"a\\"b\\\\"');
  expect(quoted('n'.repeat(160))).toBe(`"${'n'.repeat(160)}"`);
  expect(quoted('n'.repeat(161))).toBe(`"${'n'.repeat(160)}…"`);
  expect(quoted('\u202e\u0085\u200b\ufeff')).toBe('"\\u202e\\u0085\\u200b\\ufeff"');
});
