export function schemaTexts(root: string): Promise<Map<string, string>>;
