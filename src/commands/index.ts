/** Every command of package.json. */
import { clearCache } from './clearCache.ts';
import { compareCheckpoints } from './compareCheckpoints.ts';
import { compareSelected } from './compareSelected.ts';
import { compareSeveral } from './compareSeveral.ts';
import { compareSteps } from './compareSteps.ts';
import { compareWith } from './compareWith.ts';
import { compareWithBase, compareWithBaseFromEditor } from './compareWithBase.ts';
import { compareWithHead } from './compareWithHead.ts';
import { exportComparison, exportReport } from './exportComparison.ts';
import { exportMask } from './exportMask.ts';
import { goToTensor } from './goToTensor.ts';
import { exportTensor } from './exportTensor.ts';
import { openAsCheckpoint } from './openAsCheckpoint.ts';
import { openCheckpoint } from './openCheckpoint.ts';
import { openFolder } from './openFolder.ts';
import { openSampleCheckpoint, openSampleComparison } from './openSampleComparison.ts';
import { exportFigure, PICTURE_COMMANDS } from './pictures.ts';
import type { Command } from './register.ts';
import { openRemoteCheckpoint, setHuggingFaceToken } from './remoteCheckpoint.ts';
import { scanForProblems } from './scanForProblems.ts';
import { selectAsBase } from './selectAsBase.ts';
import { showGpuInformation } from './showGpuInformation.ts';
import { showLog } from './showLog.ts';

export const COMMANDS: readonly Command[] = [
  compareCheckpoints,
  compareSelected,
  compareSeveral,
  compareSteps,
  compareWith,
  compareWithBase,
  compareWithBaseFromEditor,
  compareWithHead,
  exportComparison,
  exportReport,
  exportMask,
  goToTensor,
  exportTensor,
  exportFigure,
  ...PICTURE_COMMANDS,
  openAsCheckpoint,
  openCheckpoint,
  openFolder,
  openRemoteCheckpoint,
  openSampleCheckpoint,
  openSampleComparison,
  scanForProblems,
  selectAsBase,
  setHuggingFaceToken,
  showGpuInformation,
  showLog,
  clearCache,
];
