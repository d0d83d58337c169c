// The one WASM module: everything that src/linalg/wasm calls. Callers own all memory and pass addresses in bytes; nothing is
// allocated here, since several instances may share one memory. `build-kernels.mjs` compiles it twice, with plain and with relaxed SIMD.
export { sgemm, dgemm, bsgemm, bdgemm, fdgemm, workBytes } from './gemm';
export { gram16, gram32, gram64, gramColumns } from './gram';
export { bandReduce, bandReduceBytes } from './bandReduce';
export { backTransform32, backTransform64, backTransformBytes } from './backTransform';
export { bandToTridiagonal, tridiagonalValues } from './bandTail';
export { bidiagonalBytes, bidiagonalize } from './bidiagonal';
export { bandVectors, bandVectorsBytes } from './bandVectors';
export { bandVectorsFast, bandVectorsFastBytes } from './bandVectorsFast';
export { absMax, demote, f16ToF32, multiply, scale32, scale64, subtract, sumSquares32, sumSquares64, toRows, turn32, turn64 } from './arrays';
export { countClasses } from './grid';
export { collectWithin, countDigits, markBeyond } from './select';
export { jacobiSweep } from './jacobi';
export { clearElements, elementCompare, elementHistogram, flushCounters } from './elements';
export { compareAlike, statsAlike } from './elementsAlike';
export { compare16 } from './elements16';
export { addNoise, noise } from './noise';
export { gramProduct, gramProductBytes, gramProductColumns, greatestWeight, packPanels, panelProduct64, panelRows } from './panels';
