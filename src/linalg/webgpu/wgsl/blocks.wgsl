// The small steps between the products.

// Column panel of A - L R' -> L, 128 rows a workgroup, 4 rows x 1 quad a thread. The first `pr` rows are finished rows of a QR: they
// go back to A, and V is 0 there. grid (ceil(rows/128))
@compute @workgroup_size(8, 32)
fn pack(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  member = g.z + p.m0;
  let r = (g.x + p.tile) * 128u + l.y * 4u;
  if (r >= p.rows) { return; }
  let o = atA(r, p.pc / 4u + l.x);
  var x0 = A[o]; var x1 = A[o + p.lda]; var x2 = A[o + 2u * p.lda]; var x3 = A[o + 3u * p.lda];
  for (var q = 0u; q < p.pend; q++) {
    let at = atR(q, p.pc + l.x * 4u);
    let y = turn(R[at], R[at + 1u], R[at + 2u], R[at + 3u]);
    let start = atL(q, r);
    //#unroll i 0 4
    x$i = madd4(-L[start + $iu], y, x$i);
    //#end
  }
  let to = atL(p.slot + l.x, r);
  if (r < p.pr) {
    //#unroll i 0 4
    A[o + $iu * p.lda] = x$i; L[to + $iu] = vec4<f32>();
    //#end
  } else {
    //#unroll i 0 4
    L[to + $iu] = x$i;
    //#end
  }
}

var<workgroup> big : array<vec4<f32>, 512>;
var<workgroup> sh : array<vec4<f32>, 256>;
var<workgroup> small : array<vec4<f32>, 256>;

// W = V' A - (V' L) R', W2 = T' W -> R; and without QR the row panel P = (A - L R') - V W2 of the 32 rows -> R.
// 32 columns a workgroup, a thread 4 rows (h .. h + 3) and a quad of columns. grid (cols/32)
override QR : bool = false;
@compute @workgroup_size(64)
fn solve(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let h = (t >> 3u) * 4u; let c4 = t & 7u; let col = p.col0 + g.x * 32u + c4 * 4u;
  var s0 = vec4<f32>(); var s1 = vec4<f32>(); var s2 = vec4<f32>(); var s3 = vec4<f32>();
  let splits = (p.rows + p.chunk - 1u) / p.chunk;
  for (var k = 0u; k < splits; k++) {
    let o = member * p.sw + p.w0 + (k * 32u + h) * p.ldw + g.x * 8u + c4;
    //#unroll i 0 4
    s$i += W[o + $iu * p.ldw];
    //#end
  }
  var x0 = vec4<f32>(); var x1 = vec4<f32>(); var x2 = vec4<f32>(); var x3 = vec4<f32>();
  if (!QR) {
    let o = atA(h, col / 4u);
    x0 = A[o]; x1 = A[o + p.lda]; x2 = A[o + 2u * p.lda]; x3 = A[o + 3u * p.lda];
  }
  let splitsp = (p.rows + p.chunkp - 1u) / p.chunkp;
  for (var q0 = 0u; q0 < p.pend; q0 += 8u) {                        // V' L of 8 quads at a time
    //#unroll i 0 4
    {
      var sum = vec4<f32>();
      for (var k = 0u; k < splitsp; k++) { sum += W[member * p.sw + p.gw + (k * 32u + h + $iu) * p.ldg + q0 + c4]; }
      big[(h + $iu) * 8u + c4] = sum;
      if (!QR) { sh[(h + $iu) * 8u + c4] = L[atL(q0 + c4, h + $iu)]; }
    }
    //#end
    workgroupBarrier();
    for (var q = 0u; q < 8u; q++) {
      let at = atR(q0 + q, col);
      let y = turn(R[at], R[at + 1u], R[at + 2u], R[at + 3u]);
      //#unroll i 0 4
      s$i = madd4(-big[(h + $iu) * 8u + q], y, s$i);
      if (!QR) { x$i = madd4(-sh[(h + $iu) * 8u + q], y, x$i); }
      //#end
    }
    workgroupBarrier();
  }
  let top = atL(p.slot + c4, h);
  //#unroll i 0 4
  sh[(h + $iu) * 8u + c4] = s$i;
  small[(h + $iu) * 8u + c4] = T[member * p.st + (h + $iu) * 8u + c4];
  if (!QR) { big[256u + (h + $iu) * 8u + c4] = L[top + $iu]; }                                  // V's top block
  //#end
  workgroupBarrier();
  var w0 = vec4<f32>(); var w1 = vec4<f32>(); var w2 = vec4<f32>(); var w3 = vec4<f32>();
  for (var l = 0u; l < h + 4u; l++) {                                                           // T' is 0 beyond
    let v = small[l * 8u + (h >> 2u)]; let y = sh[l * 8u + c4];
    w0 = axpy(v.x, y, w0); w1 = axpy(v.y, y, w1); w2 = axpy(v.z, y, w2); w3 = axpy(v.w, y, w3);
  }
  //#unroll i 0 4
  big[(h + $iu) * 8u + c4] = w$i;
  //#end
  // four rows of a quad of columns are four quads of R
  let to = atR(p.slot + (h >> 2u), col);
  let r = turn(w0, w1, w2, w3);
  R[to] = r[0]; R[to + 1u] = r[1]; R[to + 2u] = r[2]; R[to + 3u] = r[3];
  if (!QR) {
    workgroupBarrier();
    for (var l = 0u; l < h + 4u; l += 4u) {
      let y = array<vec4<f32>, 4>(big[l * 8u + c4], big[l * 8u + 8u + c4], big[l * 8u + 16u + c4], big[l * 8u + 24u + c4]);
      //#unroll i 0 4
      x$i = madd4(-big[256u + (h + $iu) * 8u + (l >> 2u)], y, x$i);
      //#end
    }
    let z = turn(x0, x1, x2, x3);
    let row = to + 8u * p.ldr;
    R[row] = z[0]; R[row + 1u] = z[1]; R[row + 2u] = z[2]; R[row + 3u] = z[3];
  }
}

// Y = (X - L (R' V_r)) T_r over the quads 0 .. pend, rows from row0 on: 32 a workgroup, a thread 4 (h .. h + 3) and a quad of columns.
// V_r' R lies where V' L did. grid (rows/32)
@compute @workgroup_size(64)
fn xt(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let h = (t >> 3u) * 4u; let c4 = t & 7u; let row = g.x * 32u + h;
  let splits = (p.cols + p.chunk - 1u) / p.chunk;
  var x0 = vec4<f32>(); var x1 = vec4<f32>(); var x2 = vec4<f32>(); var x3 = vec4<f32>();
  for (var k = 0u; k < splits; k++) {
    let o = member * p.sw + p.x0 + (k * p.ldx + row) * 8u + c4;
    x0 += W[o]; x1 += W[o + 8u]; x2 += W[o + 16u]; x3 += W[o + 24u];
  }
  let splitsp = (p.cols + p.chunkp - 1u) / p.chunkp;
  for (var q0 = 0u; q0 < p.pend; q0 += 8u) {
    //#unroll i 0 4
    {
      var sum = vec4<f32>();
      for (var k = 0u; k < splitsp; k++) { sum += W[member * p.sw + p.gw + (k * 32u + h + $iu) * p.ldg + q0 + c4]; }
      big[(h + $iu) * 8u + c4] = sum;                                                           // [column of V_r][quad]
      sh[(h + $iu) * 8u + c4] = L[atL(q0 + c4, row + $iu)];
    }
    //#end
    workgroupBarrier();
    for (var l = 0u; l < 8u; l++) {
      let o = c4 * 32u + l;
      let y = turn(big[o], big[o + 8u], big[o + 16u], big[o + 24u]);
      //#unroll i 0 4
      x$i = madd4(-sh[(h + $iu) * 8u + l], y, x$i);
      //#end
    }
    workgroupBarrier();
  }
  //#unroll i 0 4
  sh[(h + $iu) * 8u + c4] = x$i;
  small[(h + $iu) * 8u + c4] = T[member * p.st + 256u + (h + $iu) * 8u + c4];
  //#end
  workgroupBarrier();
  //#unroll i 0 4
  var y$i = vec4<f32>();
  //#end
  for (var l = 0u; l < 8u; l++) {
    let z = array<vec4<f32>, 4>(small[l * 32u + c4], small[l * 32u + 8u + c4], small[l * 32u + 16u + c4], small[l * 32u + 24u + c4]);
    //#unroll i 0 4
    y$i = madd4(sh[(h + $iu) * 8u + l], z, y$i);
    //#end
  }
  let to = atL(p.slot + 8u + c4, row);
  //#unroll i 0 4
  L[to + $iu] = y$i;
  //#end
}

// W2 = T W, with TRANSPOSED T' W, into the first quads of R: 32 columns a workgroup. grid (cols/32)
override TRANSPOSED : bool = false;
@compute @workgroup_size(256)
fn applyT(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let i = t >> 3u; let c4 = t & 7u; let col4 = g.x * 8u + c4;
  let splits = (p.rows + p.chunk - 1u) / p.chunk;
  var s = vec4<f32>();
  for (var k = 0u; k < splits; k++) { s += W[member * p.sw + p.w0 + (k * 32u + i) * p.ldw + col4]; }
  sh[t] = s;
  small[t] = T[member * p.st + select(0u, 256u, RIGHT) + t];
  workgroupBarrier();
  var w2 = vec4<f32>();
  if (TRANSPOSED) {
    for (var l = 0u; l <= i; l++) { w2 += small[l * 8u + (i >> 2u)][i & 3u] * sh[l * 8u + c4]; }
  } else {
    for (var l = i; l < 32u; l++) { w2 += small[i * 8u + (l >> 2u)][l & 3u] * sh[l * 8u + c4]; }
  }
  big[t] = w2;
  workgroupBarrier();
  let c = t & 31u; let q = t >> 5u; let e = c & 3u; let o = q * 32u + (c >> 2u);
  R[atR(q, g.x * 32u + c)] = vec4<f32>(big[o][e], big[o + 8u][e], big[o + 16u][e], big[o + 24u][e]);
}

// After a QR: A's first rows become the triangle. Diagonal blocks of 32 come from the band, below is 0. grid (cols/32, cols/32)
@compute @workgroup_size(8, 32)
fn triangle(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  member = g.z + p.m0;
  let row = (g.y + p.tile) * 32u + l.y;
  let quad = g.x * 8u + l.x;
  if (g.x > g.y + p.tile) { return; }
  var x = vec4<f32>();
  if (g.x == g.y + p.tile) {
    let o = member * p.sb + row * 64u + l.x * 4u;
    x = vec4<f32>(band[o], band[o + 1u], band[o + 2u], band[o + 3u]);
  }
  A[atA(row, quad)] = x;
}
