// Shared prelude of the reduction: every kernel sees one bind group layout, so a step is recorded with few calls.
// Block size b = 32 is fixed: 32 columns = 8 vec4 "quads".
//
// Layouts (all float32, offsets and strides in vec4 units):
//   A     row-major, padded: (row * lda + col / 4). A binding may hold a part only: from row `arow`, member `m0` on
//   V     a panel is quad-major: (quad * ld + row). One thread a row then reads neighbouring vec4s (coalesced), and a
//         GEMM stages 16 rows of one quad as 256 contiguous bytes. The binding begins at the step's panel
//   W, X  split-K partial products: W[(split * 32 + i) * ldw + col / 4], X[(split * ldx + row) * 8 + quad]
//   T     32 x 32 row-major, 256 vec4; the right panel's T follows the left one's
//   band  [R | L]: row r of B holds B[r, 32k .. 32k+63], k = floor(r / 32), as 64 floats.
//         Scalars on purpose: L is written transposed, and a store to one component of a vector may write
//         the whole vector (WGSL 'memory locations'), a race between the threads of neighbouring rows
struct Step {
  row0 : u32,   // first row of the left panel
  col0 : u32,   // first trailing column
  rows : u32,   // rows from row0 to the end
  cols : u32,   // trailing columns
  lda : u32,
  ldvl : u32,
  ldvr : u32,
  chunk : u32,  // split-K length, a multiple of 32
  ldw : u32,
  ldx : u32,
  y : u32,      // offset of Y inside X
  pc : u32,     // first column of the left panel
  w2 : u32,     // offset of W2 (or of T W in the back-transform) inside W
  arow : u32,   // row of A at which the binding begins
  m0 : u32,     // first member of the batch in the binding
  g0 : u32,     // first workgroup along A's rows: a tile of rows is a part of the whole grid
  // A batch of matrices of one shape goes through every dispatch together, workgroup_id.z is the matrix: these are
  // the distances between its members (vec4s; floats for the band). The panel kernel is one workgroup a matrix,
  // so batching is what keeps a large GPU busy.
  sa : u32,
  svl : u32,
  svr : u32,
  sw : u32,
  sx : u32,
  st : u32,
  sb : u32,
  pad : u32,
};
@group(0) @binding(0) var<uniform> p : Step;
@group(0) @binding(1) var<storage, read_write> A : array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> VL : array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> VR : array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> W : array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> X : array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> T : array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> band : array<f32>;

// Member of the batch; every entry point sets it first. Only addresses depend on it, so uniformity analysis is content.
var<private> member : u32;

// Which panel a kernel works on; folded when the pipeline is made.
override RIGHT : bool = false;

fn loadV(i : u32) -> vec4<f32> {
  if (RIGHT) { return VR[member * p.svr + i]; }
  return VL[member * p.svl + i];
}
fn storeV(i : u32, x : vec4<f32>) {
  if (RIGHT) { VR[member * p.svr + i] = x; } else { VL[member * p.svl + i] = x; }
}
fn ldV() -> u32 { return select(p.ldvl, p.ldvr, RIGHT); }
// Address in A of a row counted from row0 and a quad of columns.
fn atA(row : u32, quad : u32) -> u32 { return (member - p.m0) * p.sa + (p.row0 + row - p.arow) * p.lda + quad; }
