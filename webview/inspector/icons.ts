/** Code points of the codicons that this page uses. */
export const ICON = {
  pass: 0xeba4,
  error: 0xea87,
  warning: 0xea6c,
  info: 0xea74,
  chevronDown: 0xeab4,
  chevronRight: 0xeab6,
  collapseAll: 0xeac5,
  expandAll: 0xeb95,
  table: 0xebb7,
  circleSlash: 0xeabd,
  filter: 0xeaf1,
  regex: 0xeb38,
  close: 0xea76,
  history: 0xea82,
  pulse: 0xeb31,
  trash: 0xea81,
} as const;
