/**
 * What both sides of the wall agree on.
 *
 * The generated code of the schema is private; this file lists what is public.
 *
 * @module
 */

export {
  type ArtifactFacts,
  decodeArtifact,
  type ExternName,
  looksLikeArtifact,
  type ModuleExport,
  type ModuleImport,
} from "./artifact.js";
export { formatBacktrace, MAX_FRAMES, parseBacktrace, type WasmFrame } from "./backtrace.js";
export { batchBytes, decodeBatch, encodeBatch } from "./batch.js";
export {
  type BootConfiguration,
  type BootExport,
  type BootFile,
  type BootHostFunction,
  encodeBootConfiguration,
} from "./boot.js";
export { type CallCodec, type Codec, codecPair } from "./codec.js";
export {
  type ErrorCode,
  errorCodeOf,
  errorCodes,
  errorMeanings,
  errorNumbers,
  isErrorCode,
  trapName,
  trapText,
} from "./codes.js";
export { type CommandInput, encodeCommandInput } from "./command.js";
export {
  type Chunk,
  type ChunkFlags,
  chunkFlags,
  decodeChunk,
  decodePassed,
  encodeChunk,
  MAX_CHUNK_BYTES,
  ON_DATA,
  type Passed,
} from "./connection.js";
export {
  ABI_VERSION,
  ARTIFACT_FORMAT,
  CallKind,
  GateOperation,
  MAILBOX_MAGIC,
  type MachineName,
  machineNames,
  RecordKind,
} from "./constants.js";
export { TwinwallError, type TwinwallErrorOptions } from "./error.js";
export {
  defaultLimits,
  FUEL_UNLIMITED,
  LARGEST_AREA,
  type LimitOptions,
  type Limits,
  parseLimits,
} from "./limits.js";
export {
  answerLayout,
  imageHeaderLayout,
  mailboxOffsets,
  readStruct,
  reportLayout,
  requestLayout,
  type StructValues,
  writeStruct,
} from "./mailbox.js";
export { checkOptionNames, type OptionNames } from "./option-names.js";
export { type Duration, parseCount, parseDuration, parseSize, type Size, show } from "./quantity.js";
export { decodeRecords, type OutboxRecord } from "./records.js";
export { readSlot, type ScalarValue, SLOT_BYTES, writeSlot } from "./slots.js";
export { showBytes, showName, showText } from "./text.js";
export {
  type CoreType,
  isScalar,
  type ScalarKind,
  showSignature,
  t,
  type ValueOf,
  type ValueType,
} from "./values.js";
export { casesLayout, type Layout, layoutOf, payloadsOf, sequence as sequenceLayout } from "./wit/layout.js";
export { camelCase, imageProvides, pascalCase } from "./wit/names.js";
export { isResultError, type ResultError, resultError } from "./wit/result-error.js";
export {
  type HandleType,
  type PlainKind,
  showType,
  type WitCase,
  type WitField,
  type WitType,
  type World,
  type WorldFunction,
  type WorldResource,
} from "./wit/types.js";
export {
  createValuesCodec,
  type ResourceBridge,
  type ValuesCodec,
  type ValuesOf,
} from "./wit/values-codec.js";
export { decodeWorld } from "./wit/world.js";
export { encodeWorld } from "./wit/world-encode.js";
