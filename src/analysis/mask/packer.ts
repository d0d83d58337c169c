/** Eight bits a byte, the first in the lowest bit: `numpy.packbits(mask, bitorder="little")` of bits that come in pieces. */
export class Packer {
  private byte = 0;
  private filled = 0;

  /** The bytes that are full. */
  add(bits: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(Math.floor((this.filled + bits.length) / 8));
    let at = 0;
    let { byte, filled } = this;
    for (const bit of bits) {
      byte |= bit << filled;
      if (++filled < 8) continue;
      bytes[at++] = byte;
      byte = 0;
      filled = 0;
    }
    this.byte = byte;
    this.filled = filled;
    return bytes;
  }
  /** The last byte, if bits are left. */
  end(): Uint8Array {
    const rest = this.filled ? Uint8Array.of(this.byte) : new Uint8Array();
    this.byte = 0;
    this.filled = 0;
    return rest;
  }
}
