/**
 * After every test the process takes a turn of its event loop. Tests that start programs and wait for them (spawnSync) would else run one
 * after another without any, and vitest, whose answers to the process wait meanwhile, counts one that comes after a minute as an error.
 */
import { setImmediate } from 'node:timers/promises';
import { afterEach } from 'vitest';

afterEach(() => setImmediate());
