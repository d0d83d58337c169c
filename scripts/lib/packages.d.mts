export const UNIVERSAL: string;
export function hostTarget(): string;
export function vsixPath(root: string, target: string): string;
export function packageMistakes(
  files: Map<string, { read(): Buffer }>,
  target: string,
  native: Map<string, Buffer>,
): string[];
