import { describe, expect, it } from 'vitest';
import type { LeftOverlap } from '../../../../src/linalg/intruders.ts';
import { doubts, type DeviceSpectra } from '../../../../src/linalg/webgpu/doubt.ts';

const values = (count: number, at: (i: number) => number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => at(i));
const base = values(300, (i) => (i + 1) ** -0.5);
/** An ordinary pair, with what a case changes of it. */
const pair = (change: Partial<DeviceSpectra>): DeviceSpectra => ({
  ...{ rows: 400, columns: 300, angleRank: 150, maskRank: 38, largestSine: 0.02, leftOverlap: null },
  ...{ baseValues: base, tunedValues: base.map((s) => s * 1.0003), updateValues: values(300, () => 1e-3) },
  ...change,
});

describe('what float32 does not resolve', () => {
  it('is nothing of an ordinary pair', () => {
    expect(doubts(pair({}))).toEqual([]);
  });
  it('is a change of the spectrum near or below the resolution', () => {
    expect(doubts(pair({ tunedValues: base.map((s) => s * (1 + 2e-6)) }))).toEqual(['nss']);
    expect(doubts(pair({ tunedValues: base.map((s) => s * (1 + 3e-6)) }))).toEqual([]);
  });
  it('is a small change beside zeros that read as noise', () => {
    const deficient = base.map((s, i) => (i < 100 ? s : 1e-8));
    const found = doubts(
      pair({ baseValues: deficient, tunedValues: deficient.map((s) => s * 1.00003 + 1e-7), angleRank: 50 }),
    );
    expect(found).toContain('nss');
  });
  it('is a value at the rank threshold that decides a null, or two of any', () => {
    const threshold = 400 * 2 ** -23;
    const at = (...places: number[]): Float64Array => base.map((s, i) => (places.includes(i) ? threshold + 1e-7 : s));
    expect(doubts(pair({ baseValues: at(299) }))).toContain('rank');
    expect(doubts(pair({ baseValues: at(298) }))).not.toContain('rank');
    expect(doubts(pair({ baseValues: at(298, 297) }))).toContain('rank');
    expect(doubts(pair({ tunedValues: at(149) }))).toContain('rank');
  });
  it('is a gap that is as small as the noise', () => {
    const level = base.map((s, i) => (i === 150 ? (base[149] as number) : s));
    expect(doubts(pair({ baseValues: level, tunedValues: level.map((s, i) => (i < 149 ? s * 1.0003 : s)) }))).toEqual([
      'gap',
    ]);
  });
  it('is an intruder that the noise may have made, or hidden', () => {
    const overlap = (cosine: number, captured: number): LeftOverlap => ({
      largest: Float64Array.of(0.9, cosine),
      nearest: Uint32Array.of(0, 1),
      captured: Float64Array.of(0.95, captured),
    });
    const of = (cosine: number, captured: number): string[] => doubts(pair({ leftOverlap: overlap(cosine, captured) }));
    expect(of(0.501, 0.9)).toEqual([]);
    expect(of(0.500003, 0.9)).toEqual(['intruders']);
    expect(of(0.499997, 0.9)).toEqual(['intruders']);
    expect(of(0.3, 0.9)).toEqual([]);
    expect(of(0.3, 0.750003)).toEqual(['intruders']);
    // above the limit what is left does not count
    expect(of(0.7, 0.750003)).toEqual([]);
    // two values that are nearly one: their vectors are any in that plane
    const level = base.map((s, i) => (i === 2 ? (base[1] as number) - 1e-7 : s));
    expect(
      doubts(pair({ baseValues: level, tunedValues: level.map((s) => s * 1.0003), leftOverlap: overlap(0.6, 0.9) })),
    ).toEqual(['intruders']);
  });
  it('is an angle that the noise would turn by more than 1 % or 0.002 degrees', () => {
    const small = values(300, () => 3e-6);
    expect(doubts(pair({ updateValues: small, largestSine: 0.02 }))).toEqual(['angles']);
    expect(doubts(pair({ updateValues: small, largestSine: 1e-4 }))).toEqual([]);
  });
});
