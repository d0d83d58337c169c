import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder } from '../../../src/bytes/index.ts';

test('the folder that OFFAXIS_CACHE names comes before every system’s own place', () => {
  for (const platform of ['linux', 'darwin', 'win32'])
    expect(cacheFolder(platform, { OFFAXIS_CACHE: 'mine', XDG_CACHE_HOME: '/x', LOCALAPPDATA: '/y' })).toBe(
      resolve('mine'),
    );
});

test('without it, it is where the system keeps caches; a variable that is set to nothing counts as not set', () => {
  expect(cacheFolder('linux', { XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'offaxis'));
  expect(cacheFolder('linux', { OFFAXIS_CACHE: '', XDG_CACHE_HOME: '' })).toBe(join(homedir(), '.cache', 'offaxis'));
  expect(cacheFolder('darwin', {})).toBe(join(homedir(), 'Library', 'Caches', 'offaxis'));
  expect(cacheFolder('win32', { LOCALAPPDATA: '/y' })).toBe(join('/y', 'offaxis'));
  expect(cacheFolder('win32', {})).toBe(join(homedir(), 'AppData', 'Local', 'offaxis'));
});

test('no test of this run sees the caches of the user', () => {
  expect(cacheFolder()).not.toBe(cacheFolder(process.platform, {}));
});
