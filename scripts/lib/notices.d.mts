export function thirdPartyNotices(root: string, metafiles: { inputs: Record<string, unknown> }[]): string;
export function writeNotices(root: string, metafiles: { inputs: Record<string, unknown> }[], file: string): void;
