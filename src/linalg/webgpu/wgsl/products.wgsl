// The products of a step, without workgroup memory: 8 x 8 sums a thread in registers, operands through the cache.

// W[split] = V' M, 32 x 128 a workgroup and panel, M = A (chunk long), or with PANEL the quads 0 .. pend of L (RIGHT: R), chunkp long.
// PANELS: that many panels side by side in L (QR): one pass over A for all. grid (ceil(columns of M / 128), splits)
override PANEL : bool = false;
override PANELS : u32 = 1;
@compute @workgroup_size(16, 4u * PANELS)
fn vtm(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  member = g.z + p.m0;
  let length = select(p.rows, p.cols, RIGHT && !BACK);
  let split = g.y + p.tile;
  let chunk = select(p.chunk, p.chunkp, PANEL);
  let k1 = min((split + 1u) * chunk, length);
  let width = select(p.cols / 4u, p.pend, PANEL);
  let panel = l.y >> 2u;
  let q = (l.y & 3u) * 2u;
  let c = g.x * 32u + l.x;
  // past the end: the last quad again, not stored
  let ca = min(c, width - 1u);
  let cb = min(c + 16u, width - 1u);
  // Addresses are kept in variables: not every compiler lifts them out of the loop.
  let k0 = split * chunk;
  var at = placeV(panel * 8u + q, k0);
  let next = ldV();
  var ma : u32; var mb : u32; var stride = 1u;
  if (PANEL) {
    if (RIGHT) { ma = atR(ca, p.col0 + k0); mb = atR(cb, p.col0 + k0); } else { ma = atL(ca, k0); mb = atL(cb, k0); }
  } else { ma = atA(k0, p.col0 / 4u + ca); mb = atA(k0, p.col0 / 4u + cb); stride = p.lda; }
  //#unroll i 0 8
  var a$i = vec4<f32>(); var b$i = vec4<f32>();
  //#end
  for (var k = k0; k < k1; k++) {
    let v = valueV(at); let w = valueV(at + next);
    var x : vec4<f32>; var y : vec4<f32>;
    if (!PANEL) { x = A[ma]; y = A[mb]; } else if (RIGHT) { x = R[ma]; y = R[mb]; } else { x = L[ma]; y = L[mb]; }
    at += 1u; ma += stride; mb += stride;
    //#unroll i 0 4
    a$i = axpy(v[$i], x, a$i); b$i = axpy(v[$i], y, b$i);
    //#end
    a4 = axpy(w.x, x, a4); b4 = axpy(w.x, y, b4); a5 = axpy(w.y, x, a5); b5 = axpy(w.y, y, b5);
    a6 = axpy(w.z, x, a6); b6 = axpy(w.z, y, b6); a7 = axpy(w.w, x, a7); b7 = axpy(w.w, y, b7);
  }
  let ld = select(p.ldw, p.ldg, PANEL);
  let splits = (length + chunk - 1u) / chunk;
  let o = member * p.sw + select(p.w0, p.gw, PANEL) + ((panel * splits + split) * 32u + q * 4u) * ld + c;
  if (c < width) {
    //#unroll i 0 8
    W[o + $iu * ld] = a$i;
    //#end
  }
  if (c + 16u < width) {
    //#unroll i 0 8
    W[o + $iu * ld + 16u] = b$i;
    //#end
  }
}

// X[split] = A V_r, rows from row0 on: 128 x 32 a workgroup. grid (ceil(rows/128), splits)
@compute @workgroup_size(4, 16)
fn av(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  member = g.z + p.m0;
  let k1 = min((g.y + 1u) * p.chunk, p.cols);
  let r = (g.x + p.tile) * 128u + l.y * 8u;
  if (r >= p.rows) { return; }                                     // rows are a multiple of 32
  let first = atA(r, p.col0 / 4u);
  let q = p.slot + 8u + l.x * 2u;
  //#unroll i 0 8
  var a$i = vec4<f32>(); var b$i = vec4<f32>();
  //#end
  var o = atR(q, p.col0 + g.y * p.chunk);
  let lda = p.lda; let ldr = p.ldr;
  var at = first + g.y * p.chunk / 4u;
  for (var k = g.y * p.chunk; k < k1; k += 4u) {
    let v = array<vec4<f32>, 4>(R[o], R[o + 1u], R[o + 2u], R[o + 3u]);
    let w = array<vec4<f32>, 4>(R[o + ldr], R[o + ldr + 1u], R[o + ldr + 2u], R[o + ldr + 3u]);
    //#unroll i 0 8
    { let x = A[at + $iu * lda]; a$i = madd4(x, v, a$i); b$i = madd4(x, w, b$i); }
    //#end
    o += 4u; at += 1u;
  }
  let to = member * p.sw + p.x0 + (g.y * p.ldx + r) * 8u + l.x * 2u;
  //#unroll i 0 8
  W[to + $iu * 8u] = a$i; W[to + $iu * 8u + 1u] = b$i;
  //#end
}

// A -= L R' over the quads 0 .. pend: 64 x 64 a workgroup. BACK: X -= V W2, V from KEEP, W2' in R. grid (ceil(cols/64), ceil(rows/64))
@compute @workgroup_size(8, 8)
fn update(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  member = g.z + p.m0;
  let r = (g.y + p.tile) * 64u + l.y * 8u;
  let c = g.x * 64u + l.x * 4u;
  if (r >= p.rows || c >= p.cols) { return; }                      // both multiples of 32
  let both = c + 32u < p.cols;
  let ca = p.col0 + c;
  let cb = select(ca, ca + 32u, both);
  //#unroll i 0 8
  var a$i = vec4<f32>(); var b$i = vec4<f32>();
  //#end
  var right = atR(0u, ca);
  let far = cb - ca;
  var left = atL(0u, r);
  var step = p.ldl;
  if (BACK) { left = placeV(0u, r); step = ldV(); }
  let ldr = p.ldr; let pend = p.pend;
  for (var q = 0u; q < pend; q++) {
    let x = turn(R[right], R[right + 1u], R[right + 2u], R[right + 3u]);
    let o = right + far;
    let y = turn(R[o], R[o + 1u], R[o + 2u], R[o + 3u]);
    //#unroll i 0 8
    { var v : vec4<f32>; if (BACK) { v = KEEP[left + $iu]; } else { v = L[left + $iu]; } a$i = madd4(v, x, a$i); b$i = madd4(v, y, b$i); }
    //#end
    right += ldr; left += step;
  }
  let o = atA(r, ca / 4u);
  //#unroll i 0 8
  A[o + $iu * p.lda] -= a$i;
  if (both) { A[o + $iu * p.lda + 8u] -= b$i; }
  //#end
}
