export function collectStrings(root: string): Map<string, string[]>;
export function stringsOf(text: string, path: string): { message: string; line: number }[];
export function bundleText(messages: Iterable<string>): string;
