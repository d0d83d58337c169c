/** A comparison as a document: `reportText(reported, 'html' | 'md')`. */
import { htmlReport } from './html.ts';
import { markdownReport } from './markdown.ts';
import { reportOf, type Reported } from './report.ts';

export type { Reported };
export const REPORT_FORMATS = ['html', 'md'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** Null: the ending of the name says neither. */
export const reportFormat = (path: string): ReportFormat | null =>
  REPORT_FORMATS.find((format) => path.toLowerCase().endsWith(`.${format}`)) ?? null;

export function reportText(reported: Reported, format: ReportFormat): string {
  const report = reportOf(reported);
  return format === 'html' ? htmlReport(report) : markdownReport(report);
}
