export const TARGETS: string[];
export function dawnFiles(root: string, target: string): Map<string, Buffer>;
export function targetOf(bytes: Buffer): string | null;
