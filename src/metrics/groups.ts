/** Groups of figures, in the order of the lists. */
import type { Group } from './figure.ts';
import { say, type Text } from '../protocol/say.ts';

export const GROUPS: Readonly<Record<Group, Text>> = {
  principal: say('Which weights changed: main entries'),
  energy: say('Where the update points'),
  shift: say('Spectrum'),
  change: say('Change'),
  update: say('Update'),
  low: say('Which weights changed: small entries'),
  principalNotLow: say('Which weights changed: main, not small entries'),
  validity: say('Validity'),
  elements: say('Values'),
  spectrum: say('Singular values'),
  agreement: say('Agreement of runs'),
  path: say('Along a run'),
};
/** Position of a group in the lists. */
export const groupOrder = (group: Group): number => Object.keys(GROUPS).indexOf(group);
