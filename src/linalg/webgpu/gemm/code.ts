/** WGSL of one form of the product C = alpha op(A) op(B) + beta C. Written out for its register block: WGSL has no unrolling. */
import { type GemmVariant, tileColumns, tileRows } from './variants.ts';

/** Which operands are stored as their transposes. */
export interface GemmForm {
  /** A is stored [K, M] */
  transposeA: boolean;
  /** B is stored [N, K] */
  transposeB: boolean;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const each = (count: number, line: (i: number) => string): string => range(count).map(line).join('\n');
/** Sums run over this many terms, and those are summed in turn: the error grows with the root of the number of runs, not of terms. */
const RUN = 128;
const COMPONENT = ['x', 'y', 'z', 'w'];

/** Uniforms: sizes in elements, everything else in vec4. */
const HEADER = `
struct Sizes { m : u32, n : u32, k : u32, lda : u32, ldb : u32, ldc : u32, alpha : f32, beta : f32 };
@group(0) @binding(0) var<uniform> s : Sizes;
@group(0) @binding(1) var<storage, read> A : array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> B : array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> C : array<vec4<f32>>;
`;

/** Entry point \`gemm\`; workgroups: (ceil(N / tile columns), ceil(M / tile rows)). M, N, K are multiples of 4; M and N of 32. */
export function gemmCode(variant: GemmVariant, form: GemmForm): string {
  return HEADER + (variant.kind === 'direct' ? directCode(variant, form) : sharedCode(variant, form));
}

const registers = ({ threadRows, threadColumns }: GemmVariant): number => (threadRows * threadColumns) / 4;
const zeros = (variant: GemmVariant, name: string): string =>
  each(registers(variant), (i) => `  var ${name}${i} = vec4<f32>();`);
const addRun = (variant: GemmVariant): string => each(registers(variant), (i) => `    sum${i} += c${i};`);

/** c += a[row] b[quad] for one k, whose factors are a0.., b0.. */
function products(threadRows: number, quads: number, a: (row: number) => string, b: (quad: number) => string): string {
  return range(threadRows)
    .flatMap((row) =>
      range(quads).map((q) => `c${row * quads + q} = fma(vec4<f32>(${a(row)}), ${b(q)}, c${row * quads + q});`),
    )
    .map((line) => `      ${line}`)
    .join('\n');
}

/** One quad of columns of the thread's block to C. */
function stores({ threadRows, threadColumns }: GemmVariant, quad: number, column4: string): string {
  const quads = threadColumns / 4;
  return each(threadRows, (r) => `    put((row + ${r}u) * s.ldc + ${column4}, sum${r * quads + quad});`);
}

const PUT = `
fn put(at : u32, product : vec4<f32>) {
  // Without beta, C may hold anything, NaN too.
  if (s.beta == 0.0) { C[at] = s.alpha * product; } else { C[at] = s.alpha * product + s.beta * C[at]; }
}
`;

/** Four values of k at a time: threadRows vec4 of A, four rows of B. */
function directCode(variant: GemmVariant, { transposeA, transposeB }: GemmForm): string {
  const { threadRows, threadColumns, x, y } = variant;
  const quads = threadColumns / 4;
  const rowQuads = threadRows / 4;
  // Straight A: a[row] holds k..k+3 of a row. Transposed: a[k][quad] holds four rows.
  const loadA = transposeA
    ? range(4).flatMap((k) =>
        range(rowQuads).map((q) => `    let a${k}_${q} = A[(4u * k4 + ${k}u) * s.lda + row / 4u + ${q}u];`),
      )
    : range(threadRows).map((r) => `    let a${r} = A[(row + ${r}u) * s.lda + k4];`);
  const factorA = (k: number) => (row: number) =>
    transposeA ? `a${k}_${row >> 2}.${COMPONENT[row & 3]}` : `a${row}.${COMPONENT[k]}`;
  // Straight B: rows k..k+3, quads of columns. Transposed: a row of four k for every column, turned into columns.
  const loadB = transposeB
    ? range(threadColumns).map((c) => `    let t${c} = B[(4u * col4 + ${c}u) * s.ldb + k4];`)
    : [];
  const loadBk = (k: number): string =>
    range(quads)
      .map((q) =>
        transposeB
          ? `      let b${q} = vec4<f32>(${range(4)
              .map((e) => `t${4 * q + e}.${COMPONENT[k]}`)
              .join(', ')});`
          : `      let b${q} = B[(4u * k4 + ${k}u) * s.ldb + col4 + ${q}u];`,
      )
      .join('\n');
  return `${PUT}
@compute @workgroup_size(${x}, ${y})
fn gemm(@builtin(workgroup_id) wg : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  let row = (wg.y * ${y}u + l.y) * ${threadRows}u;
  let col4 = (wg.x * ${x}u + l.x) * ${quads}u;
  if (row >= s.m || 4u * col4 >= s.n) { return; }
${zeros(variant, 'sum')}
  for (var k4 = 0u; k4 < s.k / 4u;) {
    let end = min(k4 + ${RUN / 4}u, s.k / 4u);
${zeros(variant, 'c')}
    for (; k4 < end; k4++) {
${[...loadA, ...loadB].join('\n')}
${each(4, (k) => `    {\n${loadBk(k)}\n${products(threadRows, quads, factorA(k), (q) => `b${q}`)}\n    }`)}
    }
${addRun(variant)}
  }
${each(quads, (q) => stores(variant, q, `col4 + ${q}u`))}
}
`;
}

/** Tiles of A as [k][row] and of B as [k][column] in workgroup memory. */
function sharedCode(variant: GemmVariant, { transposeA, transposeB }: GemmForm): string {
  const { threadRows, threadColumns, x, y, depth } = variant;
  const quads = threadColumns / 4;
  const [rows, columns] = [tileRows(variant), tileColumns(variant)];
  // Lies as it is stored: vec4 as they come. Else turned on the way, in floats: a store to one component of a vec4 may write all four.
  const tileB = transposeB
    ? `var<workgroup> bs : array<f32, ${columns * depth}>;`
    : `var<workgroup> bs : array<vec4<f32>, ${(columns / 4) * depth}>;`;
  const readB = (q: number): string => {
    if (!transposeB) return `let b${q} = bs[k * ${columns / 4}u + l.x + ${q * x}u];`;
    const floats = range(4).map((e) => `bs[k * ${columns}u + (l.x + ${q * x}u) * 4u + ${e}u]`);
    return `let b${q} = vec4<f32>(${floats.join(', ')});`;
  };
  const copy = { threads: x * y, depth };
  return `${PUT}
var<workgroup> as_ : array<f32, ${rows * depth}>;
${tileB}
@compute @workgroup_size(${x}, ${y})
fn gemm(@builtin(workgroup_id) wg : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  let row0 = wg.y * ${rows}u;
  let col0 = wg.x * ${columns}u;
${zeros(variant, 'sum')}
  for (var k0 = 0u; k0 < s.k;) {
    let end = min(k0 + ${RUN}u, s.k);
${zeros(variant, 'c')}
    for (; k0 < end; k0 += ${depth}u) {
${copyTile({ ...copy, width: rows, to: 'as_', alongK: !transposeA, vectors: false }, 'A', 's.lda', 'row0', 's.m')}
${copyTile({ ...copy, width: columns, to: 'bs', alongK: transposeB, vectors: !transposeB }, 'B', 's.ldb', 'col0', 's.n')}
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
${each(quads, (q) => `      ${readB(q)}`)}
      let p = k * ${rows}u + l.y * ${threadRows}u;
${products(
  threadRows,
  quads,
  (r) => `as_[p + ${r}u]`,
  (q) => `b${q}`,
)}
    }
    workgroupBarrier();
    }
${addRun(variant)}
  }
  let row = row0 + l.y * ${threadRows}u;
  if (row >= s.m) { return; }
${each(quads, (q) => {
  const column4 = `col0 / 4u + l.x + ${q * x}u`;
  return `  if (4u * (${column4}) < s.n) {\n${stores(variant, q, column4)}\n  }`;
})}
}
`;
}

interface TileCopy {
  to: string;
  /** rows of A or columns of B */
  width: number;
  depth: number;
  threads: number;
  /** the matrix is stored with k running fastest: what is read as a vec4 goes to four places */
  alongK: boolean;
  /** the tile is of vec4 */
  vectors: boolean;
}

/** Copies a tile together, zeros where the matrix ends. */
function copyTile(copy: TileCopy, matrix: string, ld: string, first: string, limit: string): string {
  const { to, width, depth, threads, alongK, vectors } = copy;
  const inner = (alongK ? depth : width) / 4;
  const [w, k] = alongK ? ['i / INNER', '4u * (i % INNER)'] : ['4u * (i % INNER)', 'i / INNER'];
  const at = alongK ? `(${first} + w) * ${ld} + (k0 + k) / 4u` : `(k0 + k) * ${ld} + (${first} + w) / 4u`;
  const place = (e: number): string => (alongK ? `(k + ${e}u) * ${width}u + w` : `k * ${width}u + w + ${e}u`);
  const put = vectors ? `      ${to}[i] = v;` : each(4, (e) => `      ${to}[${place(e)}] = v.${COMPONENT[e]};`);
  return `    for (var i = t; i < ${(width * depth) / 4}u; i += ${threads}u) {
      let w = ${w}; let k = ${k};
      var v = vec4<f32>();
      if (${first} + w < ${limit} && k0 + k < s.k) { v = ${matrix}[${at}]; }
${put}
    }`.replaceAll('INNER', `${inner}u`);
}
