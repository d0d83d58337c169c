// The selections behind the masks, and the weights counted by mask and rounding class. Follows words.wgsl.
// A weight's place i is its row-major index within the piece of rows that is bound; the reconstruction is padded to `ld` a row.
struct Piece {
  count : u32,      // weights of the piece
  columns : u32,
  ld : u32,
  first : u32,      // row-major index of the piece's first weight
  stride : u32,     // threads of the whole grid
  // digits: bits shift .. of the values whose bits from `above` on are the prefix, of the reconstruction and of W0
  shift : u32,
  width : u32,      // bins - 1
  above : u32,      // 32: all values
  prefix : u32,
  prefix0 : u32,
  // counting: entries above `high` are in the principal mask, those from `low` on are in doubt
  high : f32,
  low : f32,
  least : u32,      // bits of W0's threshold; ties are in up to the index `cut`
  cut : u32,
  cells : u32,
  room : u32,       // for entries in doubt
};
@group(0) @binding(0) var<uniform> s : Piece;
@group(0) @binding(3) var<storage, read> reconstruction : array<f32>;
@group(0) @binding(4) var<storage, read_write> counts : array<atomic<u32>>;
// 0: entries in doubt, 1: entries above, 2: zeros of W0; the former's indices from 4 on
@group(0) @binding(5) var<storage, read_write> doubt : array<atomic<u32>>;
// classes of f16 codes; else of bf16
override HALF : bool = false;
// storage is wider than the grid: 64 positions a class
override POSITIONS : bool = false;
const MAGNITUDE = 0x7fffffffu;

fn entry(i : u32) -> f32 {
  let r = i / s.columns;
  return abs(reconstruction[r * s.ld + (i - r * s.columns)]);
}

var<workgroup> bins : array<atomic<u32>, 2048>;
var<workgroup> bins0 : array<atomic<u32>, 2048>;
@compute @workgroup_size(256)
fn digits(@builtin(global_invocation_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  for (var i = g.x; i < s.count; i += s.stride) {
    let x = bitcast<u32>(entry(i)) & MAGNITUDE;
    let y = widen(code0(i), TYPE0) & MAGNITUDE;
    if (s.above == 32u || (x >> s.above) == s.prefix) { atomicAdd(&bins[(x >> s.shift) & s.width], 1u); }
    if (s.above == 32u || (y >> s.above) == s.prefix0) { atomicAdd(&bins0[(y >> s.shift) & s.width], 1u); }
  }
  workgroupBarrier();
  for (var i = t; i < 2048u; i += 256u) {
    let x = atomicLoad(&bins[i]);
    if (x > 0u) { atomicAdd(&counts[i], x); }
    let y = atomicLoad(&bins0[i]);
    if (y > 0u) { atomicAdd(&counts[2048u + i], y); }
  }
}

// Weights of W0 at the threshold, by blocks of 4096 in row-major order
@compute @workgroup_size(256)
fn ties(@builtin(global_invocation_id) g : vec3<u32>) {
  for (var i = g.x; i < s.count; i += s.stride) {
    if ((widen(code0(i), TYPE0) & MAGNITUDE) == s.least) { atomicAdd(&counts[(s.first + i) >> 12u], 1u); }
  }
}

// Magnitude on the bf16 grid, nearest even; infinity beyond its largest value
fn onGrid(bits : u32) -> u32 { return (bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u; }

fn cellOf(x : u32) -> u32 {
  let r = min(onGrid(x), 0x7f7f0000u);
  let field = r >> 23u;
  let power = (r & 0x7f0000u) == 0u;
  let class_ = field * 2u + select(0u, 1u, power);
  if (!POSITIONS) { return class_; }
  // in units in the last place of x: half the spacing is 2^15 of them, and toward zero of a power of two half of that
  let d = i32(x) - i32(r);
  var position = (d + 32768) >> 10u;
  if (power && field > 1u) { position = (select(2 * d, d, d < 0) + 32768) / 1536; }
  return class_ * 64u + u32(clamp(position, 0, 63));
}

var<workgroup> above : atomic<u32>;
var<workgroup> zeros : atomic<u32>;
@compute @workgroup_size(256)
fn count(@builtin(global_invocation_id) g : vec3<u32>, @builtin(local_invocation_index) t : u32) {
  for (var i = g.x; i < s.count; i += s.stride) {
    let c0 = code0(i);
    let c1 = code1(i);
    let a = widen(c0, TYPE0);
    let x = a & MAGNITUDE;
    let p = entry(i);
    var flags = 0u;
    if (p > s.high) {
      flags = 1u;
      atomicAdd(&above, 1u);
    } else if (p >= s.low) {
      let at = atomicAdd(&doubt[0], 1u);
      if (at < s.room) { atomicStore(&doubt[4u + at], s.first + i); }
    }
    if (x == 0u) {
      atomicAdd(&zeros, 1u);
      continue;
    }
    if (x < s.least || (x == s.least && s.first + i <= s.cut)) { flags |= 2u; }
    var cell : u32;
    var differ : bool;
    if (HALF) {
      cell = ((c0 >> 10u) & 31u) * 2u + select(0u, 1u, (c0 & 1023u) == 0u);
      differ = c0 != c1;
    } else {
      let b = widen(c1, TYPE1);
      let r = onGrid(x);
      cell = cellOf(x);
      differ = r != onGrid(b & MAGNITUDE) || (r != 0u && ((a ^ b) >> 31u) != 0u);
    }
    atomicAdd(&counts[(flags * s.cells + cell) * 2u + select(0u, 1u, differ)], 1u);
  }
  workgroupBarrier();
  if (t == 0u) {
    atomicAdd(&doubt[1], atomicLoad(&above));
    atomicAdd(&doubt[2], atomicLoad(&zeros));
  }
}
