/** Text as UTF-8, a few writes for many pieces. */

/** Code units a write, about. */
const GATHERED = 1024 * 1024;

export function* encoded(text: string | Iterable<string>): Generator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  if (typeof text === 'string') return yield encoder.encode(text);
  let pieces: string[] = [];
  let length = 0;
  for (const piece of text) {
    pieces.push(piece);
    length += piece.length;
    if (length < GATHERED) continue;
    yield encoder.encode(pieces.join(''));
    pieces = [];
    length = 0;
  }
  yield encoder.encode(pieces.join(''));
}
