import { expect, it } from 'vitest';
import { firstAddress } from '../../../webview/shared/drop.ts';

const dragged = (data: Record<string, string>) => firstAddress({ getData: (type) => data[type] ?? '' });

it.each([
  [
    'a list of addresses, one a line',
    { 'text/uri-list': '# two\r\nfile:///a.safetensors\r\nfile:///b.safetensors' },
    'file:///a.safetensors',
  ],
  ['a list of addresses as JSON', { resourceurls: '["file:///a.safetensors"]' }, 'file:///a.safetensors'],
  [
    'what VS Code itself says before what the browser made of it',
    { 'text/uri-list': 'http://x', 'application/vnd.code.uri-list': 'file:///a' },
    'file:///a',
  ],
  ['damaged JSON', { resourceurls: '[' }, null],
  ['JSON of something else', { resourceurls: '[7]' }, null],
  ['text', { 'text/plain': 'a' }, null],
])('%s', (_name, data, uri) => expect(dragged(data)).toBe(uri));
