// C = alpha op(A) op(B) + beta C, float32, row-major. Every size is a multiple of 32 (the padding is zero), tiles are 64 x 64.
// Sums run over 128 terms, and those are summed in turn: the error grows with the root of the number of runs, not of terms.
struct Product {
  m : u32,
  n : u32,
  k : u32,
  lda : u32,
  ldb : u32,
  ldc : u32,
  alpha : f32,
  beta : f32,
};
@group(0) @binding(0) var<uniform> p : Product;
@group(0) @binding(1) var<storage, read> A : array<f32>;
@group(0) @binding(2) var<storage, read> B : array<f32>;
@group(0) @binding(3) var<storage, read_write> C : array<vec4<f32>>;
// op is the transpose: A is stored [k, m], B [n, k]
override TA : bool = false;
override TB : bool = false;
const RUN = 8u;

var<workgroup> ta : array<f32, 1040>;   // [16 k][64 rows], 65 apart
var<workgroup> tb : array<f32, 1040>;   // [16 k][64 columns]

@compute @workgroup_size(16, 16)
fn gemm(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  let row0 = g.y * 64u;
  let col0 = g.x * 64u;
  var s0 = vec4<f32>(); var s1 = vec4<f32>(); var s2 = vec4<f32>(); var s3 = vec4<f32>();
  var c0 = vec4<f32>(); var c1 = vec4<f32>(); var c2 = vec4<f32>(); var c3 = vec4<f32>();
  let steps = p.k / 16u;
  for (var step = 0u; step < steps; step++) {
    let k0 = step * 16u;
    for (var i = t; i < 1024u; i += 256u) {
      // neighbours in memory to neighbouring threads
      let ak = select(i & 15u, i >> 6u, TA);
      let ar = select(i >> 4u, i & 63u, TA);
      var x = 0.0;
      if (row0 + ar < p.m) { x = A[select((row0 + ar) * p.lda + k0 + ak, (k0 + ak) * p.lda + row0 + ar, TA)]; }
      ta[ak * 65u + ar] = x;
      let bk = select(i >> 6u, i & 15u, TB);
      let bc = select(i & 63u, i >> 4u, TB);
      var y = 0.0;
      if (col0 + bc < p.n) { y = B[select((k0 + bk) * p.ldb + col0 + bc, (col0 + bc) * p.ldb + k0 + bk, TB)]; }
      tb[bk * 65u + bc] = y;
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let o = k * 65u + l.x * 4u;
      let b = vec4<f32>(tb[o], tb[o + 1u], tb[o + 2u], tb[o + 3u]);
      let q = k * 65u + l.y * 4u;
      c0 += ta[q] * b; c1 += ta[q + 1u] * b; c2 += ta[q + 2u] * b; c3 += ta[q + 3u] * b;
    }
    workgroupBarrier();
    if (step % RUN == RUN - 1u || step + 1u == steps) {
      s0 += c0; s1 += c1; s2 += c2; s3 += c3;
      c0 = vec4<f32>(); c1 = vec4<f32>(); c2 = vec4<f32>(); c3 = vec4<f32>();
    }
  }
  let r = row0 + l.y * 4u;
  let c = col0 + l.x * 4u;
  if (r >= p.m || c >= p.n) { return; }
  let ld = p.ldc / 4u;
  let o = r * ld + c / 4u;
  s0 *= p.alpha; s1 *= p.alpha; s2 *= p.alpha; s3 *= p.alpha;
  if (p.beta != 0.0) {
    s0 += p.beta * C[o]; s1 += p.beta * C[o + ld]; s2 += p.beta * C[o + 2u * ld]; s3 += p.beta * C[o + 3u * ld];
  }
  C[o] = s0; C[o + ld] = s1; C[o + 2u * ld] = s2; C[o + 3u * ld] = s3;
}
