import { expect, test } from 'vitest';
import { resultJson } from '../../../src/export/json.ts';
import { comparison, tensor } from '../makers.ts';

test('reads back to the same comparison, odd names included', () => {
  const result = comparison([tensor('__proto__'), tensor('with "[ 1,2 ]"', { rowDensity: [0, 0.5, 1] })]);
  const text = [...resultJson(result)].join('');
  expect(JSON.parse(text)).toEqual(result);
  expect(text.endsWith('}\n')).toBe(true);
});
