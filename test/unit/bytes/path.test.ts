import { readdirSync, readFileSync } from 'node:fs';
import * as node from 'node:path';
import { describe, expect, it } from 'vitest';
import { basename, dirname, isAbsolute, isRemote, join, relative, resolve } from '../../../src/bytes/path.ts';

const URL_FILE = 'https://example.com/a%20b/model.safetensors?sig=1#x';

describe('names at remote addresses', () => {
  it('are told from paths', () => {
    for (const path of ['https://a/b', 'HTTP://a/b', 'hf://a/b', 's3://a/b']) expect(isRemote(path)).toBe(true);
    for (const path of ['/a', 'a', 'C:\\a', 'https:/a', 'file:///a', 'x/https://a']) expect(isRemote(path)).toBe(false);
  });
  it('keep root and query', () => {
    expect(dirname(URL_FILE)).toBe('https://example.com/a%20b?sig=1');
    expect(basename(URL_FILE)).toBe('model.safetensors');
    expect(join(dirname(URL_FILE), 'config.json')).toBe('https://example.com/a%20b/config.json?sig=1');
    expect(dirname('https://example.com/')).toBe('https://example.com');
    expect(join('hf://o/n@main', 'sub', 'm.safetensors')).toBe('hf://o/n@main/sub/m.safetensors');
    expect(dirname('hf://o/n@main/m.safetensors')).toBe('hf://o/n@main');
    expect(dirname('s3://bucket/key')).toBe('s3://bucket');
    expect(basename('s3://bucket/a?b')).toBe('a?b');
  });
  it('never lead above the root or to another host', () => {
    expect(join('https://example.com/a', '../../../b')).toBe('https://example.com/b');
    expect(join('https://example.com/a', 'https://evil.example/b')).toBe('https://example.com/a/https:/evil.example/b');
    expect(join('https://example.com/a', 'b?c#d')).toBe('https://example.com/a/b%3Fc%23d');
    expect(join('hf://o/n@main', '..', '..', 'x')).toBe('hf://o/n@main/x');
  });
  it('are relative within one root, and whole beyond it', () => {
    expect(relative('https://e.com/a?s=1', 'https://e.com/a/b/c%20d?s=1')).toBe('b/c d');
    expect(relative('https://e.com/a', 'https://other.com/a/b')).toBe('https://other.com/a/b');
    expect(relative('https://e.com/a', 'https://e.com/b')).toBe('https://e.com/b');
  });
  it('are absolute', () => {
    expect(isAbsolute('s3://a/b')).toBe(true);
    expect(resolve('https://e.com/a')).toBe('https://e.com/a');
    expect(resolve('https://e.com/a', 'b')).toBe('https://e.com/a/b');
    expect(resolve('/x', 'https://e.com/a')).toBe('https://e.com/a');
    expect(resolve('https://e.com/a', '/x')).toBe(node.resolve('/x'));
  });
  it("are node:path's on disk", () => {
    for (const path of ['a/b.c', '/a/../b', '.', '']) {
      expect(dirname(path)).toBe(node.dirname(path));
      expect(basename(path)).toBe(node.basename(path));
      expect(resolve(path, 'x')).toBe(node.resolve(path, 'x'));
      expect(join(path, 'x')).toBe(node.join(path, 'x'));
      expect(relative(path, '/y')).toBe(node.relative(path, '/y'));
    }
  });
});

/** Files that may be handed an address, except those that make paths on disk of their own. */
it('nothing that may be handed an address takes the path functions of Node', () => {
  const OWN = [
    'checkpoint/hub.ts',
    'analysis/backend.ts',
    'analysis/kept/engineVersion.ts',
    'analysis/tensorFiles.ts',
    'cli/gpu.ts',
    'cli/mcp.ts',
    'cli/parts.ts',
  ];
  const found = ['checkpoint', 'analysis', 'health', 'cli']
    .flatMap((folder) =>
      readdirSync(`src/${folder}`, { recursive: true, encoding: 'utf8' }).map((name) =>
        `${folder}/${name}`.replaceAll('\\', '/'),
      ),
    )
    .filter((name) => name.endsWith('.ts') && readFileSync(`src/${name}`, 'utf8').includes("'node:path'"));
  expect(found.sort()).toEqual(OWN.sort());
});
