import { describe, expect, test } from 'vitest';
import { impostorOf, readableSize } from '../../../src/formats/impostors.ts';

const of = (head: string | readonly number[], sizeBytes = 5_000_000): string | undefined =>
  impostorOf(typeof head === 'string' ? new TextEncoder().encode(head) : Uint8Array.from(head), sizeBytes)?.code;

describe('what a file is instead of a checkpoint, by its first bytes', () => {
  test.each([
    ['git-lfs-pointer', 'version https://git-lfs.github.com/spec/v1\n'],
    ['git-lfs-pointer', 'version http://git-media.io/v/2\n'],
    ['git-lfs-pointer', 'version https://hawser.github.com/spec/v1\n'],
    ['zip-archive', [0x50, 0x4b, 0x03, 0x04]],
    ['zip-archive', [0x50, 0x4b, 0x05, 0x06]],
    ['pickle', [0x80, 2, 0x7d]],
    ['pickle', [0x80, 5, 0x95]],
    ['gguf', 'GGUF\u0003'],
    ['hdf5', [0x89, 0x48, 0x44, 0x46, 0x0d]],
    ['web-page', '<!DOCTYPE html>'],
    ['web-page', ' \n<html lang="en">'],
    ['web-page', '<?xml version="1.0"?>'],
  ])('%s: %j', (code, head) => expect(of(head)).toBe(code));

  test.each([
    ['a pointer that is quoted further down', 'see version https://git-lfs.github.com/spec/v1'],
    ['protocols of a pickle that do not exist', [0x80, 1]],
    ['the same above the last one', [0x80, 6]],
    ['a byte like a protocol behind another byte', [0x81, 3]],
    ['an end of a pickle', [0x80]],
    ['half a name', [0x89, 0x48, 0x44]],
    ['a page that begins with a word', 'x<html>'],
    ['a page in the middle', 'text <html>'],
    ['nothing', ''],
  ])('not %s', (_, head) => expect(of(head)).toBeUndefined());

  test('text of a link: a short line with a slash, whatever ends it, and no JSON', () => {
    expect(of('../../blobs/0f3a\n', 17)).toBe('symlink-text');
    expect(of('..\\blobs\\0f3a', 13)).toBe('symlink-text');
    expect(of('a/b', 1024)).toBe('symlink-text');
    expect(of('a/b', 1025)).toBeUndefined();
    expect(of('\u0001a/b', 4)).toBeUndefined();
    expect(of('a/b\u0001c', 5)).toBeUndefined();
    expect(of('{"a":"b/c"}', 11)).toBeUndefined();
    expect(of('blobs', 5)).toBeUndefined();
  });

  test('a pointer says how large the file is that it stands for, as far as it says so itself', () => {
    const text = (size: string): string | undefined =>
      impostorOf(new TextEncoder().encode(`version https://git-lfs.github.com/spec/v1\noid sha256:0${size}`), 130)
        ?.text;
    const said = 'this is a Git-LFS pointer of 130 bytes, not the checkpoint';
    expect(text('\nsize 16060556376\n')).toBe(`${said}, real size 16060556376 bytes (16.06 GB).`);
    expect(text('\r\nsize 12\r\n')).toBe(`${said}, real size 12 bytes (12 B).`);
    expect(text('\nsize 12')).toBe(`${said}, real size 12 bytes (12 B).`);
    for (const none of ['', '\nsize 12 kB\n', '\nsize many\n', 'size 12\n']) expect(text(none)).toBe(`${said}.`);
  });
});

test('sizes in thousands', () => {
  const sizes = [0, 999, 1000, 999_000, 1e6, 1.5e9, 2e12, 3e15, 4e18, 5e21];
  expect(sizes.map(readableSize)).toEqual([
    ...['0 B', '999 B', '1.00 kB', '999.00 kB', '1.00 MB', '1.50 GB'],
    ...['2.00 TB', '3.00 PB', '4.00 EB', '5000.00 EB'],
  ]);
});
