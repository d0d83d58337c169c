// Shared prelude of the reduction: every kernel sees one bind group layout, so a step is recorded with few calls.
// Block size b = 32 is fixed: 32 columns = 8 vec4 "quads".
//
// The trailing matrix is A - L R': A is brought up to date only every few steps, what came since is pending in L and R.
// Layouts (all float32, offsets and strides in vec4 units):
//   A     row-major, padded: (row * lda + col / 4). A binding may hold a part only: from row `arow`, member `m0` on
//   L, R  quad-major: (quad * ld + row), rows of A for L, columns for R; four columns of L or R a vec4. One thread a row
//         then reads neighbouring vec4s (coalesced), and four terms of a product are one dot.
//         A two-sided step fills 16 quads from `slot` on: L = [V_l Y], R = [W2' V_r]; a QR step 8: L = [V], R = [W2']
//   W     split-K partial products: W[w0 + (split * 32 + i) * ldw + col / 4], G alike from gw; X[x0 + (split * ldx + row) * 8 + quad]
//   T     32 x 32 row-major, 256 vec4; the right panel's T follows the left one's
//   KEEP  reflectors that stay: quad-major, the step's left panels of all members, then the right ones
//   band  [R | L]: row r of B holds B[r, 32k .. 32k+63], k = floor(r / 32), as 64 floats.
//         Scalars on purpose: L is written transposed, and a store to one component of a vector may write
//         the whole vector (WGSL 'memory locations'), a race between the threads of neighbouring rows
struct Step {
  row0 : u32,   // first row and column, and how many: what a kernel works on
  rows : u32,
  col0 : u32,
  cols : u32,
  lda : u32,
  ldl : u32,
  ldr : u32,
  pc : u32,     // first column of the left panel
  pr : u32,     // rows above the panel, from row0 on, that pack finishes (QR: they are rows of the triangle)
  slot : u32,   // the step's first quad in L and R
  pend : u32,   // quads of L and R to be taken into account
  chunk : u32,  // split-K length over A
  chunkp : u32, // split-K length over L or R
  w0 : u32,
  ldw : u32,
  gw : u32,
  ldg : u32,
  x0 : u32,
  ldx : u32,
  arow : u32,   // row of A at which the binding begins
  m0 : u32,     // first member of the batch in the binding
  tile : u32,   // first workgroup along A's rows: a tile of rows is a part of the whole grid
  keep : u32,   // 1: panels go to KEEP too
  ldk0 : u32,
  k1 : u32,     // where the right panels begin in KEEP
  ldk1 : u32,
  // A batch of matrices of one shape goes through every dispatch together, workgroup_id.z is the matrix: these are
  // the distances between its members (vec4s; floats for the band). The panel kernel is one workgroup a matrix,
  // so batching is what keeps a large GPU busy.
  sa : u32,
  sl : u32,
  sr : u32,
  sw : u32,
  st : u32,
  sb : u32,
};
@group(0) @binding(0) var<uniform> p : Step;
@group(0) @binding(1) var<storage, read_write> A : array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> L : array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> R : array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> W : array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> T : array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> KEEP : array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> band : array<f32>;

// Member of the batch; every entry point sets it first. Only addresses depend on it, so uniformity analysis is content.
var<private> member : u32;

// Which panel a kernel works on; folded when the pipeline is made.
override RIGHT : bool = false;
// Reflectors come from KEEP, A is what they are applied to.
override BACK : bool = false;

fn atA(row : u32, quad : u32) -> u32 { return (member - p.m0) * p.sa + (p.row0 + row - p.arow) * p.lda + quad; }
fn atL(quad : u32, row : u32) -> u32 { return member * p.sl + quad * p.ldl + p.row0 + row; }
fn atR(quad : u32, col : u32) -> u32 { return member * p.sr + quad * p.ldr + col; }
fn atKeep(quad : u32, row : u32) -> u32 {
  if (RIGHT) { return p.k1 + (member * 8u + quad) * p.ldk1 + row; }
  return (member * 8u + quad) * p.ldk0 + row;
}
// The panel V of this step: quad 0 .. 7, row from the panel's first on; the distance between its quads.
fn placeV(quad : u32, row : u32) -> u32 {
  if (BACK) { return atKeep(quad, row); }
  if (RIGHT) { return atR(p.slot + 8u + quad, p.col0 + row); }
  return atL(p.slot + quad, row);
}
fn ldV() -> u32 {
  if (BACK) { return select(p.ldk0, p.ldk1, RIGHT); }
  return select(p.ldl, p.ldr, RIGHT);
}
fn valueV(at : u32) -> vec4<f32> {
  if (BACK) { return KEEP[at]; }
  if (RIGHT) { return R[at]; }
  return L[at];
}
// y + a x. An fma by name: a software device does not fuse a product and a sum on its own, and takes twice as long.
fn axpy(a : f32, x : vec4<f32>, y : vec4<f32>) -> vec4<f32> { return fma(vec4<f32>(a), x, y); }
// y + v' [x0 x1 x2 x3]: four terms of four sums
fn madd4(v : vec4<f32>, x : array<vec4<f32>, 4>, y : vec4<f32>) -> vec4<f32> {
  return axpy(v.w, x[3], axpy(v.z, x[2], axpy(v.y, x[1], axpy(v.x, x[0], y))));
}
// Four quads of neighbouring rows of L or R -> the four columns over these rows.
fn turn(a : vec4<f32>, b : vec4<f32>, c : vec4<f32>, d : vec4<f32>) -> array<vec4<f32>, 4> {
  return array<vec4<f32>, 4>(vec4<f32>(a.x, b.x, c.x, d.x), vec4<f32>(a.y, b.y, c.y, d.y), vec4<f32>(a.z, b.z, c.z, d.z), vec4<f32>(a.w, b.w, c.w, d.w));
}
