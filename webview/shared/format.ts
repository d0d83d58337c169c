/** Numbers as people read them: the same in the pages and in the host's hovers. */
export * from '../../src/protocol/format.ts';
/** "14:03:22", local time, of milliseconds since 1970. */
export const clock = (time: number): string => new Date(time).toLocaleTimeString('en-GB');
