/** Numbers as people read them: the same in the pages and in the host's hovers. */
export * from '../../src/protocol/format.ts';
