import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runOf, stepsIn } from '../../../src/checkpoint/index.ts';
import { temporaryFolder } from './folder.ts';

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
for (const step of [100, 20, 1000]) folder.write(`run/step-${step}/model.safetensors`, '');
folder.write('run/notes.txt', '');
folder.write('mixed/checkpoint-1/model.safetensors', '');
folder.write('mixed/epoch-1/model.safetensors', '');
folder.write('base/model.safetensors', '');

it('a folder holds steps in the order of their numbers', async () => {
  expect((await stepsIn(at('run'))).map(({ step }) => step)).toEqual([20, 100, 1000]);
  expect(await stepsIn(at('base'))).toEqual([]);
  await expect(stepsIn(at('mixed'))).rejects.toThrow(/checkpoint, epoch/);
});
it('a base, and the steps of a folder', async () => {
  const run = await runOf([at('base'), at('run')]);
  expect(run).toMatchObject({ base: { step: 0, path: at('base') }, isFirst: false });
  expect(run.steps.map(({ step }) => step)).toEqual([20, 100, 1000]);
});
it('without a base the first step is one', async () => {
  const run = await runOf([at('run')]);
  expect(run).toMatchObject({ base: { step: 20, path: at('run/step-20') }, isFirst: true });
  expect(run.steps.map(({ step }) => step)).toEqual([100, 1000]);
});
it('steps given one by one, in any order, or by hand', async () => {
  const run = await runOf([at('base'), `300=${at('base')}`, at('run/step-100'), at('run/step-20')]);
  expect(run.steps).toEqual([
    { step: 20, path: at('run/step-20') },
    { step: 100, path: at('run/step-100') },
    { step: 300, path: at('base') },
  ]);
});
it('says what is missing', async () => {
  await expect(runOf([at('base'), at('base')])).rejects.toThrow(/tells no step.*STEP=/s);
  await expect(runOf([at('base'), at('run/step-20'), `20=${at('base')}`])).rejects.toThrow(/both step 20/);
  await expect(runOf([at('run/step-20')])).rejects.toThrow(/two steps/);
});
