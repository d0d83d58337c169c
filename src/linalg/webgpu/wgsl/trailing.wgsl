// The GEMM side of one step, four passes over the trailing matrix instead of the textbook's six:
//   vtc       W  = V_l' A                          (read A)
//   rowPanel  W2 = T_l' W; next row panel P = A_row - V_l W2 goes to VR; W2 takes the dead rows of A as well
//   panel     on VR
//   av        X  = [W2; A] V_r                     (read A; its first 32 rows give S = W2 V_r for nothing)
//   xt        Y  = (X - V_l S) T_r
//   update    A -= V_l W2 + Y V_r'                 (read and write A, one GEMM with K = 64)
// Correct because Q_l' A (I - V_r T_r V_r') = A - V_l W2 - (A - V_l W2) V_r T_r V_r'.

// Column panel of A -> VL, one vec4 a thread. grid (rows/32)
@compute @workgroup_size(32, 8)
fn pack(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>) {
  member = g.z + p.m0;
  let r = (g.x + p.g0) * 32u + l.x;
  VL[member * p.svl + l.y * p.ldvl + r] = A[atA(r, p.pc / 4u + l.y)];
}

// W[split] = V' A: 32 x 128 tile a workgroup, thread 4 x 4, K in steps of 16. grid (ceil(cols/128), splits)
var<workgroup> vs : array<vec4<f32>, 128>;
var<workgroup> as_ : array<vec4<f32>, 640>;
@compute @workgroup_size(32, 8)
fn vtc(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let split = g.y + p.g0;
  let k1 = min((split + 1u) * p.chunk, p.rows);
  let cols4 = p.cols / 4u;
  let ld = ldV();
  var c0 = vec4<f32>(); var c1 = vec4<f32>(); var c2 = vec4<f32>(); var c3 = vec4<f32>();
  for (var k = split * p.chunk; k < k1; k += 16u) {
    if (t < 128u) { vs[(t & 15u) * 8u + (t >> 4u)] = loadV((t >> 4u) * ld + k + (t & 15u)); }
    for (var i = t; i < 512u; i += 256u) {
      let c = g.x * 32u + (i & 31u);
      var x = vec4<f32>();
      if (c < cols4) { x = A[atA(k + (i >> 5u), p.col0 / 4u + c)]; }
      as_[i] = x;
    }
    workgroupBarrier();
    for (var kk = 0u; kk < 16u; kk++) {
      let v = vs[kk * 8u + l.y];
      let a = as_[kk * 32u + l.x];
      c0 += v.x * a; c1 += v.y * a; c2 += v.z * a; c3 += v.w * a;
    }
    workgroupBarrier();
  }
  let c = g.x * 32u + l.x;
  if (c < cols4) {
    let o = member * p.sw + (split * 32u + l.y * 4u) * p.ldw + c;
    W[o] = c0; W[o + p.ldw] = c1; W[o + 2u * p.ldw] = c2; W[o + 3u * p.ldw] = c3;
  }
}

// 32 columns a workgroup. Reads element (i, c) of A's row panel and writes W2 to the same place in one thread. grid (cols/32)
var<workgroup> sh : array<vec4<f32>, 256>;
var<workgroup> sh2 : array<vec4<f32>, 256>;
var<workgroup> small : array<vec4<f32>, 256>;
@compute @workgroup_size(256)
fn rowPanel(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let i = t >> 3u; let c4 = t & 7u; let col4 = g.x * 8u + c4;
  let splits = (p.rows + p.chunk - 1u) / p.chunk;
  var s = vec4<f32>();
  for (var k = 0u; k < splits; k++) { s += W[member * p.sw + (k * 32u + i) * p.ldw + col4]; }
  sh[t] = s;
  small[t] = T[member * p.st + t];
  workgroupBarrier();
  var w2 = vec4<f32>();
  for (var l = 0u; l <= i; l++) { w2 += small[l * 8u + (i >> 2u)][i & 3u] * sh[l * 8u + c4]; }  // T'
  sh2[t] = w2;
  workgroupBarrier();
  small[t] = VL[member * p.svl + c4 * p.ldvl + i];                                              // V_l's top block
  workgroupBarrier();
  let at = atA(i, p.col0 / 4u + col4);
  var x = A[at];
  for (var l = 0u; l <= i; l++) { x -= small[i * 8u + (l >> 2u)][l & 3u] * sh2[l * 8u + c4]; }
  A[at] = w2;
  W[member * p.sw + p.w2 + i * p.ldw + col4] = w2;
  sh[t] = x;
  workgroupBarrier();
  let c = t & 31u; let q = t >> 5u; let e = c & 3u; let o = q * 32u + (c >> 2u);                // transpose out
  VR[member * p.svr + q * p.ldvr + g.x * 32u + c] = vec4<f32>(sh[o][e], sh[o + 8u][e], sh[o + 16u][e], sh[o + 24u][e]);
}

// X[split] = A V_r: 128 x 32 tile a workgroup. grid (ceil(rows/128), splits)
@compute @workgroup_size(8, 32)
fn av(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let tile = (g.x + p.g0) * 128u;
  let k1 = min((g.y + 1u) * p.chunk, p.cols);
  var c0 = vec4<f32>(); var c1 = vec4<f32>(); var c2 = vec4<f32>(); var c3 = vec4<f32>();
  for (var k = g.y * p.chunk; k < k1; k += 16u) {
    if (t < 128u) { vs[(t & 15u) * 8u + (t >> 4u)] = VR[member * p.svr + (t >> 4u) * p.ldvr + k + (t & 15u)]; }
    for (var i = t; i < 512u; i += 256u) {
      let r = tile + (i >> 2u);
      var x = vec4<f32>();
      if (r < p.rows) { x = A[atA(r, (p.col0 + k) / 4u + (i & 3u))]; }
      as_[(i >> 2u) * 5u + (i & 3u)] = x;                                                       // 5: bank padding
    }
    workgroupBarrier();
    for (var k4 = 0u; k4 < 4u; k4++) {
      let v0 = vs[(k4 * 4u) * 8u + l.x]; let v1 = vs[(k4 * 4u + 1u) * 8u + l.x];
      let v2 = vs[(k4 * 4u + 2u) * 8u + l.x]; let v3 = vs[(k4 * 4u + 3u) * 8u + l.x];
      var a = as_[(l.y * 4u) * 5u + k4];      c0 += a.x * v0; c0 += a.y * v1; c0 += a.z * v2; c0 += a.w * v3;
      a = as_[(l.y * 4u + 1u) * 5u + k4];     c1 += a.x * v0; c1 += a.y * v1; c1 += a.z * v2; c1 += a.w * v3;
      a = as_[(l.y * 4u + 2u) * 5u + k4];     c2 += a.x * v0; c2 += a.y * v1; c2 += a.z * v2; c2 += a.w * v3;
      a = as_[(l.y * 4u + 3u) * 5u + k4];     c3 += a.x * v0; c3 += a.y * v1; c3 += a.z * v2; c3 += a.w * v3;
    }
    workgroupBarrier();
  }
  let r = tile + l.y * 4u;
  if (r < p.rows) {                                                                             // rows are a multiple of 32
    let o = member * p.sx + (g.y * p.ldx + r) * 8u + l.x;
    X[o] = c0; X[o + 8u] = c1; X[o + 16u] = c2; X[o + 24u] = c3;
  }
}

// Y = (X - V_l S) T_r, 32 rows a workgroup, Y quad-major like a panel. grid ((rows-32)/32)
@compute @workgroup_size(256)
fn xt(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let r = t >> 3u; let q = t & 7u; let row = g.x * 32u + r;
  let splits = (p.cols + p.chunk - 1u) / p.chunk;
  var s = vec4<f32>(); var x = vec4<f32>();
  for (var k = 0u; k < splits; k++) {
    s += X[member * p.sx + (k * p.ldx + r) * 8u + q];
    x += X[member * p.sx + (k * p.ldx + 32u + row) * 8u + q];
  }
  sh[t] = s;
  small[(t & 31u) * 8u + (t >> 5u)] = VL[member * p.svl + (t >> 5u) * p.ldvl + 32u + g.x * 32u + (t & 31u)];
  workgroupBarrier();
  for (var l = 0u; l < 8u; l++) {
    let v = small[r * 8u + l];
    x -= v.x * sh[l * 32u + q]; x -= v.y * sh[l * 32u + 8u + q]; x -= v.z * sh[l * 32u + 16u + q]; x -= v.w * sh[l * 32u + 24u + q];
  }
  sh2[t] = x;
  workgroupBarrier();
  small[t] = T[member * p.st + 256u + t];
  workgroupBarrier();
  var y = vec4<f32>();
  for (var l = 0u; l < 8u; l++) {
    let v = sh2[r * 8u + l];
    y += v.x * small[l * 32u + q]; y += v.y * small[l * 32u + 8u + q]; y += v.z * small[l * 32u + 16u + q]; y += v.w * small[l * 32u + 24u + q];
  }
  X[member * p.sx + p.y + q * p.ldx + row] = y;
}

// A[32.., ] -= [V_l Y] [W2; V_r']. 64 x 64 tile, thread 4 x 4. grid (ceil(cols/64), ceil((rows-32)/64))
// BACK: the back-transform's X -= V W2 over all rows (K = 32).
override BACK : bool = false;
var<workgroup> lft : array<vec4<f32>, 256>;    // [quad of k][64 rows]
var<workgroup> rgt : array<f32, 1024>;         // [16 k][64 columns]
@compute @workgroup_size(16, 16)
fn update(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_id) l : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let off = select(32u, 0u, BACK);
  let last = select(4u, 2u, BACK);
  let cols4 = p.cols / 4u;
  let rows = p.rows - off;
  let ld = ldV();
  let tile = (g.y + p.g0) * 64u;
  var c0 = vec4<f32>(); var c1 = vec4<f32>(); var c2 = vec4<f32>(); var c3 = vec4<f32>();
  for (var kc = 0u; kc < last; kc++) {
    let q = (kc & 1u) * 4u + (t >> 6u);
    let r = tile + (t & 63u);
    var x = vec4<f32>();
    if (r < rows) {
      if (kc < 2u) { x = loadV(q * ld + off + r); } else { x = X[member * p.sx + p.y + q * p.ldx + r]; }
    }
    lft[t] = x;
    var y = vec4<f32>();
    if (kc < 2u) {
      let k = kc * 16u + (t >> 4u); let c = g.x * 16u + (t & 15u);
      if (c < cols4) { y = W[member * p.sw + p.w2 + k * p.ldw + c]; }
      let o = (t >> 4u) * 64u + (t & 15u) * 4u;
      rgt[o] = y.x; rgt[o + 1u] = y.y; rgt[o + 2u] = y.z; rgt[o + 3u] = y.w;
    } else {
      let c = g.x * 64u + (t & 63u);
      if (c < p.cols) { y = VR[member * p.svr + q * p.ldvr + c]; }
      let o = (t >> 6u) * 256u + (t & 63u);
      rgt[o] = y.x; rgt[o + 64u] = y.y; rgt[o + 128u] = y.z; rgt[o + 192u] = y.w;
    }
    workgroupBarrier();
    for (var k4 = 0u; k4 < 4u; k4++) {
      let l0 = lft[k4 * 64u + l.y * 4u]; let l1 = lft[k4 * 64u + l.y * 4u + 1u];
      let l2 = lft[k4 * 64u + l.y * 4u + 2u]; let l3 = lft[k4 * 64u + l.y * 4u + 3u];
      for (var e = 0u; e < 4u; e++) {
        let o = (k4 * 4u + e) * 64u + l.x * 4u;
        let b = vec4<f32>(rgt[o], rgt[o + 1u], rgt[o + 2u], rgt[o + 3u]);
        c0 += l0[e] * b; c1 += l1[e] * b; c2 += l2[e] * b; c3 += l3[e] * b;
      }
    }
    workgroupBarrier();
  }
  let c = g.x * 16u + l.x; let r = tile + l.y * 4u;
  if (c < cols4 && r < rows) {
    let o = atA(off + r, p.col0 / 4u + c);
    A[o] -= c0; A[o + p.lda] -= c1; A[o + 2u * p.lda] -= c2; A[o + 3u * p.lda] -= c3;
  }
}

// W2 = T W, with TRANSPOSED T' W: 32 columns a workgroup. grid (cols/32)
override TRANSPOSED : bool = false;
@compute @workgroup_size(256)
fn applyT(@builtin(workgroup_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  member = g.z + p.m0;
  let i = t >> 3u; let c4 = t & 7u; let col4 = g.x * 8u + c4;
  let splits = (p.rows + p.chunk - 1u) / p.chunk;
  var s = vec4<f32>();
  for (var k = 0u; k < splits; k++) { s += W[member * p.sw + (k * 32u + i) * p.ldw + col4]; }
  sh[t] = s;
  small[t] = T[member * p.st + select(0u, 256u, RIGHT) + t];
  workgroupBarrier();
  var w2 = vec4<f32>();
  if (TRANSPOSED) {
    for (var l = 0u; l <= i; l++) { w2 += small[l * 8u + (i >> 2u)][i & 3u] * sh[l * 8u + c4]; }
  } else {
    for (var l = i; l < 32u; l++) { w2 += small[i * 8u + (l >> 2u)][l & 3u] * sh[l * 8u + c4]; }
  }
  W[member * p.sw + p.w2 + i * p.ldw + col4] = w2;
}
