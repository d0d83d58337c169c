export function readVsix(path: string): Map<string, { size: number; packed: number; read(): Buffer }>;
