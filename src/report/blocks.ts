/** What a report is made of, before it is HTML or Markdown. Texts are as they are in the files: whoever writes a block escapes them. */
export type Block =
  | { kind: 'heading'; text: string }
  | { kind: 'text'; text: string }
  /** what has to be read before the figures */
  | { kind: 'warning'; text: string }
  | { kind: 'list'; items: readonly string[] }
  /** the first column is text, the others are figures unless `isText` */
  | { kind: 'table'; head: readonly string[]; rows: readonly (readonly string[])[]; isText?: true }
  /** `svg` is whole and escaped already */
  | { kind: 'figure'; svg: string; caption: string }
  | { kind: 'code'; text: string };

export interface ReportDocument {
  title: string;
  blocks: readonly Block[];
}
