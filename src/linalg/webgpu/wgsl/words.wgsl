// Raw words of the two sides, and the float32 each code stands for, in integer work. Prelude of unpack and of the masks.
// TYPE of a side, 0: bf16, 1: f16, 2: f32.
@group(0) @binding(1) var<storage, read> w0 : array<u32>;
@group(0) @binding(2) var<storage, read> w1 : array<u32>;
override TYPE0 : u32 = 0;
override TYPE1 : u32 = 0;

// Words -> bits of the float32 of the same value; exact.
fn widen(code : u32, kind : u32) -> u32 {
  if (kind == 2u) { return code; }
  if (kind == 0u) { return code << 16u; }
  let sign = (code & 0x8000u) << 16u;
  let e = (code >> 10u) & 31u;
  let f = code & 1023u;
  if (e == 0u) {
    if (f == 0u) { return sign; }
    let top = firstLeadingBit(f);                                  // f 2^-24 = 1.xxx 2^(top - 24)
    return sign | ((top + 103u) << 23u) | ((f << (23u - top)) & 0x7fffffu);
  }
  if (e == 31u) { return sign | 0x7f800000u | (f << 13u); }
  return sign | ((e + 112u) << 23u) | (f << 13u);
}
fn code0(i : u32) -> u32 {
  if (TYPE0 == 2u) { return w0[i]; }
  return (w0[i >> 1u] >> ((i & 1u) * 16u)) & 0xffffu;
}
fn code1(i : u32) -> u32 {
  if (TYPE1 == 2u) { return w1[i]; }
  return (w1[i >> 1u] >> ((i & 1u) * 16u)) & 0xffffu;
}

