// Raw words of one or two checkpoints -> padded float32 matrix on the device, or the largest absolute value of it.
// MODE 0: W0, 1: W1, 2: D = W1 - W0. Follows words.wgsl.
// TRANSPOSE makes the tall side the rows (m >= n).
//
// Everything up to the subtraction is integer work: a device may flush subnormals, and unpack2x16float may too. The
// power-of-two scale goes into the exponent, so that subnormal weights of a tiny matrix come out as normal numbers.
struct Shape {
  m : u32,          // rows of this piece, as stored
  n : u32,          // stored row length
  lda : u32,        // padded row length of the result, floats
  col0 : u32,       // first stored column of this piece
  cols : u32,       // its columns
  height : u32,     // rows and columns to write, with the padding
  width : u32,
  at : u32,         // added to every place in the result: its binding begins at the piece's first row there
  first0 : u32,     // weights of W0 before this piece in its binding
  first1 : u32,
  exponent : i32,   // times 2^exponent
  slot : u32,
  stride : u32,     // threads of the whole grid
};
@group(0) @binding(0) var<uniform> s : Shape;
@group(0) @binding(3) var<storage, read_write> out : array<f32>;
// A word a slot: 512 + floor(log2) of the largest absolute value; 0 if there is none.
@group(0) @binding(4) var<storage, read_write> slots : array<atomic<u32>>;
override MODE : u32 = 0;
override TRANSPOSE : bool = false;
// times the power of two that the slot asks for, instead of Shape's
override FROM_SLOT : bool = false;

// bits * 2^e as a normal float32, exactly; what falls below 2^-126 becomes a zero of its sign
fn scaled(bits : u32, e : i32) -> f32 {
  let sign = bits & 0x80000000u;
  let field = (bits >> 23u) & 255u;
  var f = bits & 0x7fffffu;
  if (field == 255u) { return bitcast<f32>(bits); }
  var exponent = i32(field) + e;
  if (field == 0u) {
    if (f == 0u) { return bitcast<f32>(sign); }
    let top = firstLeadingBit(f);
    exponent = i32(top) - 22 + e;                                  // f 2^-149 = 1.xxx 2^(top - 149)
    f = (f << (23u - top)) & 0x7fffffu;
  }
  if (exponent <= 0) {
    // No scale asked for: the subnormal as it is, so that a device which keeps them keeps it.
    if (e == 0) { return bitcast<f32>(bits); }
    return bitcast<f32>(sign);
  }
  if (exponent >= 255) { return bitcast<f32>(sign | 0x7f800000u); }
  return bitcast<f32>(sign | (u32(exponent) << 23u) | f);
}

// floor(log2 |x|) of a value that is not 0, by its bits without the sign; of infinity and NaN that of the largest number
fn log2Of(bits : u32) -> i32 {
  let field = bits >> 23u;
  if (field == 0u) { return i32(firstLeadingBit(bits)) - 149; }
  return i32(min(field, 254u)) - 127;
}
fn exponentOf() -> i32 {
  if (!FROM_SLOT) { return s.exponent; }
  let found = atomicLoad(&slots[s.slot]);
  return select(512 - i32(found), 0, found == 0u);
}

// Weights that did not change give 0 without a subtraction: next to a tiny D a large weight may overflow at D's scale.
fn valueAt(i : u32, e : i32) -> f32 {
  if (MODE == 0u) { return scaled(widen(code0(s.first0 + i), TYPE0), e); }
  let b = widen(code1(s.first1 + i), TYPE1);
  if (MODE == 1u) { return scaled(b, e); }
  let a = widen(code0(s.first0 + i), TYPE0);
  if (a == b) { return 0.0; }
  return scaled(b, e) - scaled(a, e);
}

// One thread a float of the padded result, in a grid-stride loop: 65535 workgroups end at 16.7 M elements.
@compute @workgroup_size(256)
fn unpack(@builtin(global_invocation_id) g : vec3<u32>) {
  let e = exponentOf();
  let total = s.height * s.width;
  for (var i = g.x; i < total; i += s.stride) {
    let r = i / s.width;
    let c = i - r * s.width;
    var x = 0.0;
    if (r < s.m && c < s.cols) { x = valueAt(r * s.n + s.col0 + c, e); }
    out[s.at + select(r * s.lda + c, c * s.lda + r, TRANSPOSE)] = x;
  }
}

// 512 + floor(log2 |x|), 0 for x = 0. A difference is formed at its own weights' scale: beside much larger ones it would vanish.
fn magnitudeAt(i : u32) -> u32 {
  var bits : u32;
  var e = 0;
  if (MODE == 2u) {
    let a = widen(code0(s.first0 + i), TYPE0);
    let b = widen(code1(s.first1 + i), TYPE1);
    if (a == b) { return 0u; }
    let larger = max(a & 0x7fffffffu, b & 0x7fffffffu);
    if (larger == 0u) { return 0u; }
    e = -log2Of(larger);
    bits = bitcast<u32>(scaled(b, e) - scaled(a, e)) & 0x7fffffffu;
  } else if (MODE == 1u) {
    bits = widen(code1(s.first1 + i), TYPE1) & 0x7fffffffu;
  } else {
    bits = widen(code0(s.first0 + i), TYPE0) & 0x7fffffffu;
  }
  if (bits == 0u) { return 0u; }
  return u32(512 + log2Of(bits) - e);
}

var<workgroup> largest : atomic<u32>;
@compute @workgroup_size(256)
fn absMax(@builtin(global_invocation_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  let total = s.m * s.n;
  var most = 0u;
  for (var i = g.x; i < total; i += s.stride) { most = max(most, magnitudeAt(i)); }
  atomicMax(&largest, most);
  workgroupBarrier();
  if (t == 0u) { atomicMax(&slots[s.slot], atomicLoad(&largest)); }
}
