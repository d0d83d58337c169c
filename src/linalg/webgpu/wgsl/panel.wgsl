// Panel QR by ONE workgroup a matrix: 32 Householder columns, no host, no other workgroup, one dispatch.
//
// One pass over the panel a column. Pass j applies reflector j-1 and, in the same sweep, accumulates the
// 32 dot products of the (updated) column j with every column: to the right they give v'P, on the
// diagonal the norm, to the left V'v for T. So a panel of r rows costs about 32 reads and 16 writes of itself.
//
// Thread t owns rows t, t+256, ...: no element is shared, so no storageBarrier. Columns of V stay raw (x, not
// x * scale) until the last pass, since 1 / (x0 - alpha) is known only after the sum.
// Reflector: H = I - tau v v', v = [1; scale * rest], alpha = -sign(x0) norm; H = I if rest is 0 (LAPACK's dlarfg),
// which makes zero columns, padding and rank-deficient panels exact.
const NT = 256u;
var<workgroup> part : array<vec4<f32>, 512>;   // [quad][64 slots]
var<workgroup> part2 : array<f32, 256>;        // [8 segments][32 columns]
var<workgroup> dots : array<f32, 32>;          // x_rest' P[:, c]
var<workgroup> top : array<f32, 32>;           // row j of the panel after reflector j-1
var<workgroup> tm : array<f32, 1024>;          // T
var<workgroup> z : array<f32, 32>;             // V' v_j, columns < j
var<workgroup> w : array<vec4<f32>, 8>;        // tau v'P, 0 for columns <= j
var<workgroup> wf : array<f32, 32>;
var<workgroup> tau : array<f32, 32>;
var<workgroup> alpha : array<f32, 32>;
var<workgroup> scale : array<f32, 32>;

fn loadV(quad : u32, row : u32) -> vec4<f32> { return valueV(placeV(quad, row)); }
fn storeV(quad : u32, row : u32, x : vec4<f32>) {
  if (RIGHT) { R[atR(p.slot + 8u + quad, p.col0 + row)] = x; } else { L[atL(p.slot + quad, row)] = x; }
}
fn oneHot(c : u32) -> vec4<f32> {
  return select(vec4<f32>(0.0), vec4<f32>(1.0), vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(c & 3u));
}

@compute @workgroup_size(256)
fn panel(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let rows = select(p.rows, p.cols, RIGHT);
  for (var i = t; i < 1024u; i += NT) { tm[i] = 0.0; }
  if (t < 32u) { wf[t] = 0.0; tau[t] = 0.0; alpha[t] = 0.0; scale[t] = 0.0; dots[t] = 0.0; top[t] = 0.0; }
  if (t < 8u) { w[t] = vec4<f32>(); }
  workgroupBarrier();

  for (var j = 0u; j < 32u; j++) {
    let jp = select(j - 1u, 0u, j == 0u);
    let qp = jp >> 2u;
    let qc = j >> 2u;
    let hotPrev = oneHot(jp);
    let hotCur = oneHot(j);
    let scalePrev = select(scale[jp], 0.0, j == 0u);
    let wj = wf[j];
    var a0 = vec4<f32>(); var a1 = vec4<f32>(); var a2 = vec4<f32>(); var a3 = vec4<f32>();
    var a4 = vec4<f32>(); var a5 = vec4<f32>(); var a6 = vec4<f32>(); var a7 = vec4<f32>();
    for (var r = t; r < rows; r += NT) {
      if (r + 1u < j) { continue; }                               // finished row of R
      var v = dot(loadV(qp, r), hotPrev) * scalePrev;       // v_{j-1}[r]
      if (j > 0u && r == jp) { v = 1.0; }
      var x = dot(loadV(qc, r), hotCur) - v * wj;           // column j after reflector j-1
      if (r < j) { x = 0.0; }
      let y = select(x, 0.0, r == j);                             // only what lies below the diagonal
      var row : vec4<f32>;
      //#unroll q 0 8
      row = loadV($qu, r);
      if ($qu >= qc) { row = axpy(-v, w[$q], row); storeV($qu, r, row); }
      a$q = axpy(y, row, a$q);
      if (r == j) { top[4u * $qu] = row.x; top[4u * $qu + 1u] = row.y; top[4u * $qu + 2u] = row.z; top[4u * $qu + 3u] = row.w; }
      //#end
    }
    // 256 threads x 32 sums in 8 KiB: four rounds into 64 slots, then 8 segments, then 1.
    for (var k = 0u; k < 4u; k++) {
      if ((t >> 6u) == k) {
        let s = t & 63u;
        if (k == 0u) {
          //#unroll q 0 8
          part[$q * 64 + s] = a$q;
          //#end
        } else {
          //#unroll q 0 8
          part[$q * 64 + s] += a$q;
          //#end
        }
      }
      workgroupBarrier();
    }
    {
      let c = t & 31u; let seg = t >> 5u; var sum = 0.0;
      let q = c >> 2u; let e = c & 3u;
      for (var i = 0u; i < 8u; i++) { sum += part[q * 64u + seg * 8u + i][e]; }
      part2[t] = sum;
    }
    workgroupBarrier();
    if (t < 32u) {
      var sum = 0.0;
      for (var i = 0u; i < 8u; i++) { sum += part2[i * 32u + t]; }
      dots[t] = sum;
    }
    workgroupBarrier();
    // every one of 32 threads forms the scalars again: cheaper than one more barrier
    if (t < 32u) {
      let sigma = dots[j]; let x0 = top[j];
      var tj = 0.0; var al = x0; var sc = 0.0;
      if (sigma > 0.0) {
        let norm = sqrt(x0 * x0 + sigma);
        al = select(norm, -norm, x0 >= 0.0);
        tj = (al - x0) / al;
        sc = 1.0 / (x0 - al);
      }
      let inner = top[t] + sc * dots[t];                           // v_j' P[:, t] for t > j; raw V for t < j
      wf[t] = select(0.0, tj * inner, t > j);
      z[t] = select(0.0, scale[t] * inner, t < j);                 // scale[t] of a column < j is final
      if (t == j) { tau[j] = tj; alpha[j] = al; }
    }
    workgroupBarrier();
    if (t < 32u) {
      if (t == j) {
        let x0 = top[j]; let al = alpha[j];
        scale[j] = select(1.0 / (x0 - al), 0.0, tau[j] == 0.0);
        tm[j * 32u + j] = tau[j];
      } else if (t < j) {                                          // T[t, j] = -tau_j (T V'v_j)[t]
        var sum = 0.0;
        for (var l = t; l < j; l++) { sum += tm[t * 32u + l] * z[l]; }
        tm[t * 32u + j] = -tau[j] * sum;
      }
      if (t < 8u) { w[t] = vec4<f32>(wf[4u * t], wf[4u * t + 1u], wf[4u * t + 2u], wf[4u * t + 3u]); }
    }
    workgroupBarrier();
  }

  // Last pass: scale V, cut R out. In row 31 reflector 31 changes the diagonal only, and that is alpha.
  for (var r = t; r < rows; r += NT) {
    var row : vec4<f32>;
    var col : vec4<u32>;
    var rr : vec4<f32>;
    //#unroll q 0 8
    row = loadV($qu, r);
    col = vec4<u32>(4u * $qu, 4u * $qu + 1u, 4u * $qu + 2u, 4u * $qu + 3u);
    if (r < 32u) {
      rr = select(vec4<f32>(0.0), row, col > vec4<u32>(r));
      rr = select(rr, vec4<f32>(alpha[r]), col == vec4<u32>(r));
      if (RIGHT) {                                                 // L = R': element (c, r) of the block
        putBand(col.x, r, rr.x); putBand(col.y, r, rr.y); putBand(col.z, r, rr.z); putBand(col.w, r, rr.w);
      } else {
        let o = (p.row0 + r) * 64u + 4u * $qu;
        band[member * p.sb + o] = rr.x; band[member * p.sb + o + 1u] = rr.y; band[member * p.sb + o + 2u] = rr.z; band[member * p.sb + o + 3u] = rr.w;
      }
    }
    row *= vec4<f32>(scale[4u * $qu], scale[4u * $qu + 1u], scale[4u * $qu + 2u], scale[4u * $qu + 3u]);
    row = select(row, vec4<f32>(1.0), col == vec4<u32>(r));
    row = select(row, vec4<f32>(0.0), col > vec4<u32>(r));
    storeV($qu, r, row);
    if (p.keep != 0u) { KEEP[atKeep($qu, r)] = row; }
    //#end
  }
  let tb = select(0u, 256u, RIGHT) + t;
  T[member * p.st + tb] = vec4<f32>(tm[4u * t], tm[4u * t + 1u], tm[4u * t + 2u], tm[4u * t + 3u]);
}
fn putBand(i : u32, c : u32, x : f32) { band[member * p.sb + (p.row0 + i) * 64u + 32u + c] = x; }
