export function toolsFolder(root: string): string;
export function ensureCodeServer(root: string): { node: string; entry: string };
export function ensureChromium(): string;
