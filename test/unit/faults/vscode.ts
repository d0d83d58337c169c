/** What the exports of the host ask of VS Code, answered at once: the dialogs name `OFFAXIS_TARGET`, and no question is taken up. */
import { env as environment } from 'node:process';

class Uri {
  readonly scheme = 'file';
  private constructor(readonly fsPath: string) {}
  static file(path: string): Uri {
    return new Uri(path);
  }
}
const target = (): string => environment['OFFAXIS_TARGET'] ?? '';
const none = (): Promise<undefined> => Promise.resolve(undefined);

export { Uri };
export const l10n = {
  t: (message: string, ...args: unknown[]): string =>
    message.replace(/\{(\d)\}/g, (_, i: string) => String(args[Number(i)])),
};
export const ProgressLocation = { Notification: 15 };
export const workspace = { workspaceFolders: undefined };
export const env = { clipboard: { writeText: none } };
export const commands = { executeCommand: none };
export const window = {
  showSaveDialog: (): Promise<Uri> => Promise.resolve(Uri.file(target())),
  showInformationMessage: none,
  setStatusBarMessage: (): void => undefined,
  showQuickPick: <T extends { format?: string }>(items: T[]): Promise<T | undefined> =>
    Promise.resolve(items.find(({ format }) => format !== undefined && target().endsWith(format))),
  withProgress: <T>(_options: unknown, task: (progress: object, token: object) => Promise<T>): Promise<T> =>
    task({ report: () => undefined }, { onCancellationRequested: () => undefined }),
};
