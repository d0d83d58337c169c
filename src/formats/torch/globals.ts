/**
 * The globals that a PyTorch checkpoint may name: those of torch's own weights-only loader (torch/_weights_only_unpickler.py), of
 * distributed tensors, and classes of plain data that trainers put beside the weights. None of them is ever called; any other one is
 * refused by its name.
 */

/** torch's dtypes, and ours. */
export const DTYPES: ReadonlyMap<string, string> = new Map([
  ['float32', 'F32'],
  ['float', 'F32'],
  ['float64', 'F64'],
  ['double', 'F64'],
  ['float16', 'F16'],
  ['half', 'F16'],
  ['bfloat16', 'BF16'],
  ['float8_e4m3fn', 'F8_E4M3'],
  ['float8_e5m2', 'F8_E5M2'],
  ['float8_e4m3fnuz', 'F8_E4M3FNUZ'],
  ['float8_e5m2fnuz', 'F8_E5M2FNUZ'],
  ['float8_e8m0fnu', 'F8_E8M0'],
  ['float4_e2m1fn_x2', 'float4_e2m1fn_x2'],
  ['int8', 'I8'],
  ['uint8', 'U8'],
  ['int16', 'I16'],
  ['short', 'I16'],
  ['uint16', 'U16'],
  ['int32', 'I32'],
  ['int', 'I32'],
  ['uint32', 'U32'],
  ['int64', 'I64'],
  ['long', 'I64'],
  ['uint64', 'U64'],
  ['bool', 'BOOL'],
  ['complex32', 'complex32'],
  ['complex64', 'C64'],
  ['cfloat', 'C64'],
  ['complex128', 'complex128'],
  ['cdouble', 'complex128'],
  ['quint8', 'quint8'],
  ['qint8', 'qint8'],
  ['qint32', 'qint32'],
  ['quint4x2', 'quint4x2'],
  ['quint2x4', 'quint2x4'],
]);

/** The dtype of each storage class. */
export const STORAGES: ReadonlyMap<string, string> = new Map([
  ['DoubleStorage', 'F64'],
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
  ['ComplexFloatStorage', 'C64'],
  ['ComplexDoubleStorage', 'complex128'],
  ['QUInt8Storage', 'quint8'],
  ['QInt8Storage', 'qint8'],
  ['QInt32Storage', 'qint32'],
  ['QUInt4x2Storage', 'quint4x2'],
  ['QUInt2x4Storage', 'quint2x4'],
  ['UntypedStorage', 'U8'],
  ['TypedStorage', 'U8'],
]);

const NAMES = new Set([
  ...['OrderedDict', 'defaultdict', 'Counter'].map((name) => `collections.${name}`),
  ...[
    'set',
    'frozenset',
    'list',
    'tuple',
    'dict',
    'int',
    'float',
    'str',
    'bool',
    'bytes',
    'bytearray',
    'complex',
    'object',
  ].map((name) => `builtins.${name}`),
  ...['slice', 'range', 'NoneType'].map((name) => `builtins.${name}`),
  ...['copyreg._reconstructor', '_codecs.encode', '_io.BytesIO', 'io.BytesIO'],
  ...['Size', 'device', 'Tensor', 'strided', 'sparse_coo', 'sparse_csr', 'per_tensor_affine', 'per_channel_affine'].map(
    (name) => `torch.${name}`,
  ),
  ...['per_tensor_symmetric', 'per_channel_symmetric', 'contiguous_format', 'channels_last', 'preserve_format'].map(
    (name) => `torch.${name}`,
  ),
  'torch.nn.parameter.Parameter',
  'torch.nn.parameter.Buffer',
  'torch.serialization._get_layout',
  'torch.storage.UntypedStorage',
  'torch.storage.TypedStorage',
  ...['_rebuild_from_type', '_rebuild_from_type_v2'].flatMap((name) => [
    `torch._tensor.${name}`,
    `torch.tensor.${name}`,
  ]),
  ...[
    '_rebuild_tensor',
    '_rebuild_tensor_v2',
    '_rebuild_tensor_v3',
    '_rebuild_parameter',
    '_rebuild_parameter_with_state',
    '_rebuild_qtensor',
    '_rebuild_sparse_tensor',
    '_rebuild_sparse_csr_tensor',
    '_rebuild_meta_tensor_no_storage',
    '_rebuild_nested_tensor',
    '_rebuild_wrapper_subclass',
    '_rebuild_device_tensor_from_numpy',
    '_rebuild_device_tensor_from_cpu_tensor',
    '_rebuild_xla_tensor',
  ].map((name) => `torch._utils.${name}`),
  ...['torch.distributed.remote_device._remote_device', 'argparse.Namespace', 'types.SimpleNamespace', 'uuid.UUID'],
  ...['PosixPath', 'PurePosixPath', 'WindowsPath', 'PureWindowsPath', 'Path'].flatMap((name) => [
    `pathlib.${name}`,
    `pathlib._local.${name}`,
  ]),
  ...['datetime', 'date', 'timedelta', 'timezone'].map((name) => `datetime.${name}`),
  ...['numpy.ndarray', 'numpy.dtype'],
  ...['numpy.core.multiarray', 'numpy._core.multiarray'].flatMap((module) => [
    `${module}.scalar`,
    `${module}._reconstruct`,
  ]),
  ...['pytorch_lightning.utilities.parsing.AttributeDict', 'lightning_fabric.utilities.data.AttributeDict'],
  'lightning.fabric.utilities.data.AttributeDict',
]);
const PATTERNS: readonly RegExp[] = [
  // Distributed tensors: their modules have moved between releases.
  /^torch\.distributed\.(_tensor|tensor|device_mesh|_mesh_layout)(\.\w+)*\.(DTensor|DTensorSpec|DeviceMesh|Shard|Replicate|_?Partial|_StridedShard|TensorMeta|ShardOrderEntry|_MeshLayout|_FlatLayout)$/,
  /^torch\.distributed\._shard(\.\w+)*\.(ShardedTensor|Shard|ShardMetadata|ShardedTensorMetadata|TensorProperties|_?MEM_FORMAT_ENCODING|ChunkShardingSpec|EnumerableShardingSpec)$/,
  /^torch\.distributed\.checkpoint\.metadata\.(Metadata|TensorStorageMetadata|BytesStorageMetadata|TensorProperties|ChunkStorageMetadata|MetadataIndex|StorageMeta|_?MEM_FORMAT_ENCODING)$/,
  /^torch\.distributed\.checkpoint\.(filesystem|_fsspec_filesystem)\._Storage(Info|Prefix)$/,
  /^numpy\.dtypes\.\w+DType$/,
  // What trainers keep beside the weights: enumerations and records, plain data.
  /^megatron\.(core|training)(\.\w+)*\.enums\.\w+$/,
  /^deepspeed\.(runtime\.fp16\.loss_scaler\.\w+|utils\.tensor_fragment\.fragment_address|runtime\.zero\.config\.ZeroStageEnum)$/,
];

/** No class has a longer name. */
const MOST_CHARACTERS = 512;

/** Whether a pickle may name it. */
export function isAllowedGlobal(name: string): boolean {
  if (NAMES.has(name)) return true;
  if (name.length > MOST_CHARACTERS) return false;
  const short = /^torch\.(?:storage\.)?(\w+)$/.exec(name)?.[1];
  if (short !== undefined && (STORAGES.has(short) || (DTYPES.has(short) && name === `torch.${short}`))) return true;
  return PATTERNS.some((pattern) => pattern.test(name));
}

/** "F32" of torch.float32; a name of torch's for types that are not read; null if it is no dtype. */
export function dtypeOf(name: string): string | null {
  return name.startsWith('torch.') ? (DTYPES.get(name.slice(6)) ?? null) : null;
}

/** The dtype of a storage class. */
export function storageType(name: string): string | null {
  return STORAGES.get(name.slice(name.lastIndexOf('.') + 1)) ?? null;
}

/** Bytes of an element of the types that only torch has. */
export const OTHER_BYTES: Readonly<Record<string, number>> = {
  complex32: 4,
  complex128: 16,
  quint8: 1,
  qint8: 1,
  qint32: 4,
  quint4x2: 1,
  quint2x4: 1,
  float4_e2m1fn_x2: 1,
};
