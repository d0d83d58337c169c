/** Files that carry a checkpoint's name but are something else; each is told apart by its first bytes. */

/** As many leading bytes as the checks look at. */
export const IMPOSTOR_BYTES = 1024;
/** Git stores a symlink as a small text file if the system cannot make links. */
const MAX_LINK_TEXT_BYTES = 1024;

export interface Impostor {
  code: string;
  text: string;
  advice: string;
}

/** What a file that begins with `head` and has no plausible safetensors header is, or undefined. */
export function impostorOf(head: Uint8Array, sizeBytes: number): Impostor | undefined {
  const text = new TextDecoder('latin1').decode(head);
  if (/^version https?:\/\/(git-lfs\.github\.com|git-media\.io|hawser\.github\.com)\//.test(text)) {
    const size = /\nsize (\d{1,19})\r?(\n|$)/.exec(text)?.[1];
    const real = size === undefined ? '' : `, real size ${size} bytes (${readableSize(Number(size))})`;
    return {
      code: 'git-lfs-pointer',
      text: `this is a Git-LFS pointer of ${sizeBytes} bytes, not the checkpoint${real}.`,
      advice: 'Run "git lfs pull" in its repository.',
    };
  }
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (starts(0x50, 0x4b, 0x03, 0x04) || starts(0x50, 0x4b, 0x05, 0x06)) {
    return {
      code: 'zip-archive',
      text: 'this is a ZIP archive, most likely a PyTorch .bin or .pt file under another name.',
      advice: RENAME,
    };
  }
  if (starts(0x80) && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 5) {
    return {
      code: 'pickle',
      text: 'this is a Python pickle, most likely a PyTorch file of before 1.6 under another name.',
      advice: RENAME,
    };
  }
  if (text.startsWith('GGUF')) {
    return { code: 'gguf', text: 'this is a GGUF file.', advice: 'Give it a name that ends in .gguf and open it.' };
  }
  if (starts(0x89, 0x48, 0x44, 0x46)) return { code: 'hdf5', text: 'this is an HDF5 file.', advice: CONVERT };
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    return {
      code: 'web-page',
      text: 'this is a web page, saved in place of the checkpoint.',
      advice: 'Download the file itself (the "resolve" link, not the "blob" page; gated models need a login).',
    };
  }
  if (
    sizeBytes <= MAX_LINK_TEXT_BYTES &&
    /^[\x20-\x7e]*[/\\][\x20-\x7e]+$/.test(text.trimEnd()) &&
    !/[{}"]/.test(text)
  ) {
    return {
      code: 'symlink-text',
      text: 'this looks like the text of a symbolic link, not like the file that it points to.',
      advice: 'Copy the file that it names here, or download the checkpoint again.',
    };
  }
  return undefined;
}

const RENAME = 'If PyTorch wrote it, give it a name that ends in .pt and open it; nothing in it is ever run.';
const CONVERT = 'Convert it with safetensors.torch.save_file on a machine you trust it on.';

export function readableSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(2)} ${units[power]}`;
}
