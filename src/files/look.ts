/** What a file looks like from its first bytes: is it one that a result must not replace? Guesses on the side of care. */

/** As many leading bytes as are looked at: `weight_map` follows `metadata` in an index, and a config names its model early. */
export const LOOK_BYTES = 64 * 1024;
/** The reference implementation takes no longer header. */
const MAX_HEADER_BYTES = 100_000_000n;
const OWN_RESULT = /^\s*\{\s*"schema"\s*:\s*"offaxis\./;

/** "a checkpoint" and the like, or null for what may be replaced. `sizeBytes`: of the whole file. */
export function lookOf(head: Uint8Array, sizeBytes: number): string | null {
  if (isSafetensors(head, sizeBytes)) return 'a checkpoint';
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x47, 0x47, 0x55, 0x46)) return 'a GGUF checkpoint';
  if (starts(0x50, 0x4b, 0x03, 0x04)) return 'a ZIP archive, as PyTorch checkpoints are';
  if (starts(0x89, 0x48, 0x44, 0x46)) return 'an HDF5 checkpoint';
  if (starts(0x80) && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5) return 'a Python pickle, as PyTorch checkpoints are';
  const text = new TextDecoder('latin1').decode(head);
  if (/^version https?:\/\/(git-lfs\.github\.com|git-media\.io|hawser\.github\.com)\//.test(text))
    return 'a Git-LFS pointer to a checkpoint';
  if (/^\s*\{/.test(text) && !OWN_RESULT.test(text)) {
    if (/"weight_map"\s*:/.test(text)) return "a checkpoint's index";
    if (/"(model_type|architectures|peft_type|base_model_name_or_path)"\s*:/.test(text)) return "a model's config";
  }
  return null;
}

/** A length of eight bytes, then an object: damaged ones, whose file ends early, too. */
function isSafetensors(head: Uint8Array, sizeBytes: number): boolean {
  if (head.length < 9) return false;
  const length = new DataView(head.buffer, head.byteOffset).getBigUint64(0, true);
  return length >= 2n && length <= MAX_HEADER_BYTES && head[8] === 0x7b && sizeBytes >= 9;
}
