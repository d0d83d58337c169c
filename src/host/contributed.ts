/** The names under which VS Code knows what the extension contributes, as in package.json. Loaded at activation: nothing else belongs here. */

/** One view type has one priority: the editor of a checkpoint, and an option for an index, which stays JSON text. */
export const INSPECTOR = { file: 'offaxis.inspector', index: 'offaxis.inspectorForIndex' } as const;

/** Panels, which come back after a reload of the window. */
export const COMPARISON_PANEL = 'offaxis.comparison';
export const SEVERAL_PANEL = 'offaxis.several';

export const CHECKPOINTS_VIEW = 'offaxis.checkpoints';

/** Indexes by their names, and a few files that are none. */
export const INDEXES = { scheme: 'file', pattern: '**/*.index*.json' } as const;

/** The scheme of documents that are made when they are looked at. */
export const REPORT_SCHEME = 'offaxis-report';

/** Languages whose strings may name a tensor or a checkpoint, and files of our own. */
export const HOVERED: readonly { scheme: string; language?: string; pattern?: string }[] = [
  { scheme: 'file', pattern: '**/*.safetensors.index.json' },
  { scheme: 'file', pattern: '**/adapter_config.json' },
  ...['python', 'yaml', 'json', 'jsonc'].map((language) => ({ scheme: 'file', language })),
  { scheme: 'vscode-notebook-cell', language: 'python' },
];
