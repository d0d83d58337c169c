/** Checkpoints as VS Code names them: a file by its own URI, and what lies at a remote address by one of ours, which only our editor reads. */
import * as vscode from 'vscode';
import { isRemote, withoutSecrets } from '../bytes/index.ts';

/** "offaxis-remote:/hf/owner/name@main/model.safetensors": a tab is then called as the file is. */
const SCHEME = 'offaxis-remote';

/** `path`: on disk, or an address without anything private in it. */
export function checkpointUri(path: string): vscode.Uri {
  if (!isRemote(path)) return vscode.Uri.file(path);
  const [scheme = '', rest = ''] = path.split(/:\/\/(.*)/s);
  const at = /^https?$/i.test(scheme) ? rest.indexOf('?') : -1;
  const [below, query] = at < 0 ? [rest, ''] : [rest.slice(0, at), rest.slice(at + 1)];
  return vscode.Uri.from({ scheme: SCHEME, path: `/${scheme}/${below}`, query });
}

/** The path or the address that a URI stands for; null of any other file system, whose paths would name other files of the disk. */
export function checkpointPath(uri: vscode.Uri): string | null {
  if (uri.scheme === 'file') return uri.fsPath;
  const [, scheme, rest] = /^\/(\w+)\/(.*)$/s.exec(uri.path) ?? [];
  if (uri.scheme !== SCHEME || scheme === undefined) return null;
  const address = `${scheme}://${rest}${uri.query === '' ? '' : `?${uri.query}`}`;
  return isOurs(address) ? address : null;
}

/** Ours hold nothing private; one that does would be shown. */
function isOurs(address: string): boolean {
  try {
    return isRemote(address) && withoutSecrets(address).secret === null;
  } catch {
    return false;
  }
}
