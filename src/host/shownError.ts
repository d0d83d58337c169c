/** An error of host or engine as VS Code shows it: in the reader's language. */
import * as vscode from 'vscode';
import { sentenceOf, type WireError } from '../protocol/errors.ts';

// Messages come from `say`, which puts them into the bundle: they are no literals here.
const l10n: { t(message: string): string } = vscode.l10n;

export const shownError = (error: WireError): string => sentenceOf(error, (message) => l10n.t.call(l10n, message));
