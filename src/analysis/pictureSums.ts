/** A matrix summed up pixel by pixel while its rows stream by: mean and extremes of each pixel, and profiles along both edges. */
import type { Picture, PictureKind, Profile } from '../protocol/matrix.ts';

/** First line of pixel `pixel` if `lines` lines share `pixels` pixels; pixel `pixels` gives the end. */
export const pixelStart = (pixel: number, lines: number, pixels: number): number =>
  Math.floor((pixel * lines) / pixels);

/** The pixel of every line, and where each pixel ends. */
function pixelsOf(lines: number, pixels: number): { of: Uint32Array; end: Uint32Array } {
  const of = new Uint32Array(lines);
  const end = Uint32Array.from({ length: pixels }, (_, i) => pixelStart(i + 1, lines, pixels));
  for (let i = 0, pixel = 0; i < lines; i++) {
    while (i >= (end[pixel] as number)) pixel++;
    of[i] = pixel;
  }
  return { of, end };
}

export class PictureSums {
  private readonly x: ReturnType<typeof pixelsOf>;
  private readonly y: ReturnType<typeof pixelsOf>;
  private readonly sum: Float64Array;
  private readonly least: Float64Array;
  private readonly most: Float64Array;
  private readonly finite: Float64Array;
  private readonly notFinite: Uint32Array;
  private readonly rowSum: Float64Array;
  private readonly rowCount: Float64Array;
  private readonly columnSum: Float64Array;
  private readonly columnCount: Float64Array;
  private bad = 0;

  /** `rows` x `columns` weights on `height` x `width` pixels, at least one weight a pixel. */
  constructor(
    private readonly kind: PictureKind,
    rows: number,
    columns: number,
    private readonly width: number,
    private readonly height: number,
  ) {
    this.x = pixelsOf(columns, width);
    this.y = pixelsOf(rows, height);
    const pixels = width * height;
    this.sum = new Float64Array(pixels);
    this.least = new Float64Array(pixels).fill(Infinity);
    this.most = new Float64Array(pixels).fill(-Infinity);
    this.finite = new Float64Array(pixels);
    this.notFinite = new Uint32Array(pixels);
    this.rowSum = new Float64Array(rows);
    this.rowCount = new Float64Array(rows);
    this.columnSum = new Float64Array(columns);
    this.columnCount = new Float64Array(columns);
  }

  /** `count` values of one row, from `column` on, as they stand in `values` from `at` on. */
  add(row: number, column: number, values: Float64Array | Float32Array, at: number, count: number): void {
    const { columnSum, columnCount } = this;
    const magnitude = this.kind === 'magnitude';
    const line = (this.y.of[row] as number) * this.width;
    const last = column + count;
    const shift = at - column;
    let rowSum = 0;
    let rowCount = 0;
    for (let c = column; c < last;) {
      const x = this.x.of[c] as number;
      const end = Math.min(this.x.end[x] as number, last);
      const length = end - c;
      let sum = 0;
      let least = Infinity;
      let most = -Infinity;
      let finite = length;
      for (; c < end; c++) {
        let value = values[c + shift] as number;
        const size = Math.abs(value);
        // also false for NaN
        if (!(size < Infinity)) {
          finite--;
          continue;
        }
        if (magnitude) value = size;
        sum += value;
        if (value < least) least = value;
        if (value > most) most = value;
        rowSum += size;
        columnSum[c] = (columnSum[c] as number) + size;
        columnCount[c] = (columnCount[c] as number) + 1;
      }
      const pixel = line + x;
      const bad = length - finite;
      this.sum[pixel] = (this.sum[pixel] as number) + sum;
      if (least < (this.least[pixel] as number)) this.least[pixel] = least;
      if (most > (this.most[pixel] as number)) this.most[pixel] = most;
      this.finite[pixel] = (this.finite[pixel] as number) + finite;
      if (bad > 0) {
        this.notFinite[pixel] = (this.notFinite[pixel] as number) + bad;
        this.bad += bad;
      }
      rowCount += finite;
    }
    this.rowSum[row] = (this.rowSum[row] as number) + rowSum;
    this.rowCount[row] = (this.rowCount[row] as number) + rowCount;
  }

  /** `wide`: figures as float64, for types whose values leave float32. */
  finish(wide: boolean): Omit<Picture, 'rows' | 'columns' | 'elapsedMs'> {
    const pixels = this.width * this.height;
    const make = (value: (i: number) => number): Float32Array | Float64Array => {
      const figures = wide ? new Float64Array(pixels) : new Float32Array(pixels);
      for (let i = 0; i < pixels; i++) figures[i] = this.finite[i] ? value(i) : NaN;
      return figures;
    };
    return {
      kind: this.kind,
      width: this.width,
      height: this.height,
      mean: make((i) => (this.sum[i] as number) / (this.finite[i] as number)),
      min: make((i) => this.least[i] as number),
      max: make((i) => this.most[i] as number),
      notFinite: this.bad ? this.notFinite : null,
      rowProfile: profileOf(this.rowSum, this.rowCount, this.height),
      columnProfile: profileOf(this.columnSum, this.columnCount, this.width),
    };
  }
}

/** Means of lines, joined for the pixels that they share. */
function profileOf(sums: Float64Array, counts: Float64Array, pixels: number): Profile {
  const profile = {
    mean: new Float32Array(pixels).fill(NaN),
    min: new Float32Array(pixels).fill(NaN),
    max: new Float32Array(pixels).fill(NaN),
  };
  for (let pixel = 0; pixel < pixels; pixel++) {
    let sum = 0;
    let count = 0;
    let least = Infinity;
    let most = -Infinity;
    for (let i = pixelStart(pixel, sums.length, pixels); i < pixelStart(pixel + 1, sums.length, pixels); i++) {
      if (!counts[i]) continue;
      const mean = (sums[i] as number) / (counts[i] as number);
      sum += sums[i] as number;
      count += counts[i] as number;
      least = Math.min(least, mean);
      most = Math.max(most, mean);
    }
    if (!count) continue;
    profile.mean[pixel] = sum / count;
    profile.min[pixel] = least;
    profile.max[pixel] = most;
  }
  return profile;
}
