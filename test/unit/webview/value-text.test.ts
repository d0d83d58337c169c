import { describe, expect, test } from 'vitest';
import type { ValuesBlock } from '../../../src/protocol/matrix.ts';
import {
  exactDecimal,
  numpyText,
  readingOf,
  separatedText,
  shortest,
  valueText,
} from '../../../webview/shared/value-text.ts';

const block = (dtype: string, values: number[], codes: bigint[], columns = values.length): ValuesBlock => ({
  dtype,
  rows: [0, Math.ceil(codes.length / columns)],
  columns: [0, columns],
  values: Float64Array.from(values),
  codes: BigUint64Array.from(codes),
});

describe('one value', () => {
  test('short, exact, bits, and what is special of it', () => {
    const b = block('BF16', [0.10009765625, NaN, -0, 2 ** -130, -Infinity], [0x3dcdn, 0x7fc0n, 0x8000n, 8n, 0xff80n]);
    expect(valueText(b, 0)).toEqual({ short: '0.1001', exact: '0.100097656', hex: '0x3dcd', mark: null });
    expect(valueText(b, 1)).toMatchObject({ short: 'NaN', mark: 'nan' });
    expect(valueText(b, 2)).toEqual({ short: '−0', exact: '-0', hex: '0x8000', mark: 'negative zero' });
    expect(valueText(b, 3)).toMatchObject({ mark: 'subnormal', hex: '0x0008' });
    expect(valueText(b, 4)).toMatchObject({ short: '−∞', mark: 'infinite' });
    expect(readingOf([3, 17], b, 0)).toBe('[3, 17]  0.100097656, exactly 0.10009765625, BF16 0x3dcd');
    expect(readingOf([0, 3], b, 3)).toContain('subnormal');
  });
  test('a value that codes and scales make has no code', () => {
    const computed = { ...block('F32', [0.5], [0n]), codes: new BigUint64Array(0) };
    expect(valueText(computed, 0)).toEqual({ short: '0.5000', exact: '0.5', hex: '\u2013', mark: null });
    expect(readingOf([1, 2], computed, 0)).toBe('[1, 2]  0.5, F32, from codes and scales');
  });
  test('64-bit integers keep every digit, negative ones too', () => {
    expect(valueText(block('I64', [-9007199254740992], [0xffdfffffffffffffn]), 0).exact).toBe('-9007199254740993');
    expect(valueText(block('U64', [2 ** 64], [0xffffffffffffffffn]), 0).exact).toBe('18446744073709551615');
  });
  test('the shortest decimal gives the value back', () => {
    for (const value of [1 / 3, 1e-45, 3.4028234663852886e38, 16777216, 0.1].map(Math.fround))
      expect(Math.fround(Number(shortest('F32', value)))).toBe(value);
    expect(shortest('F32', Math.fround(0.1))).toBe('0.1');
  });
  test('exact decimals, by what is known of powers of two', () => {
    expect(exactDecimal(0.1)).toBe('0.1000000000000000055511151231257827021181583404541015625');
    expect(exactDecimal(-6.25)).toBe('-6.25');
    expect(exactDecimal(2 ** 70)).toBe((2n ** 70n).toString());
    expect(exactDecimal(2 ** -300)).toBeNull();
    expect(exactDecimal(-0)).toBe('-0');
  });
});

describe('copied text', () => {
  test('NumPy: rows, the type, and why it is another', () => {
    expect(numpyText(block('F32', [1, -0, NaN, Infinity], [0n, 0n, 0n, 0n], 2), false)).toBe(
      'np.array([[1, -0],\n          [np.nan, np.inf]], dtype=np.float32)\n',
    );
    expect(numpyText(block('BF16', [1.5], [0x3fc0n], 1), true)).toBe(
      'np.array([1.5], dtype=np.float32)  # BF16, exact in float32\n',
    );
    expect(numpyText(block('BOOL', [0, 1], [0n, 1n]), false)).toBe('np.array([[False, True]], dtype=np.bool)\n');
    expect(numpyText(block('C64', [1, -2], [0n], 1), true)).toBe('np.array([complex(1, -2)], dtype=np.complex64)\n');
  });
  test('CSV and TSV hold exact values, a line a row', () => {
    const b = block('F32', [Math.fround(0.1), 2, 3, 4], [0n, 0n, 0n, 0n], 2);
    expect(separatedText(b, ',')).toBe('0.1,2\n3,4\n');
    expect(separatedText(b, '\t')).toBe('0.1\t2\n3\t4\n');
  });
});
