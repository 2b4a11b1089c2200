/**
 * Just enough of an assembler to write one function of WebAssembly in TypeScript: what runs is what is read here, and no binary has to be
 * trusted. The encoding is the core specification's (release 2.0, §5), SIMD included.
 *
 * @module
 */

/** Instructions as bytes; those of an expression leave its value on the stack. */
export type Code = readonly number[];

/** A type of values. */
export type ValueType = "i32" | "i64" | "v128";

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const SIMD = 0xfd;
const NO_RESULT = 0x40;

/** Bytes of one page of memory. */
export const PAGE = 64 * 1024;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (; value < -64 || value > 63; value >>= 7) bytes.push(value & 0x7f | 0x80);
  return [...bytes, value & 0x7f];
}

function signed64(value: bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt.asIntN(64, value);
  for (; left < -64n || left > 63n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left & 0x7fn)];
}

const operator = (code: number) => (...operands: readonly Code[]): Code => [...operands.flat(), code];
const vector = (code: number) => (...operands: readonly Code[]): Code => [
  ...operands.flat(),
  SIMD,
  ...unsigned(code),
];
/** Alignment is a hint that costs nothing to leave out. */
const load = (...code: readonly number[]) => (address: Code, offset = 0): Code => [
  ...address,
  ...code,
  0,
  ...unsigned(offset),
];

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, value: Code): Code => [...value, 0x21, local];
export const give = (value: Code): Code => [...value, 0x0f];
/** A block; `leave(n)` inside goes behind the n-th around it. */
export const block = (...body: readonly Code[]): Code => [0x02, NO_RESULT, ...body.flat(), 0x0b];
/** The same, but `leave(n)` goes back to its begin. */
export const loop = (...body: readonly Code[]): Code => [0x03, NO_RESULT, ...body.flat(), 0x0b];
export const when = (condition: Code, ...body: readonly Code[]): Code => [
  ...condition,
  0x04,
  NO_RESULT,
  ...body.flat(),
  0x0b,
];
export const leave = (depth: number): Code => [0x0c, depth];
export const leaveIf = (depth: number, condition: Code): Code => [...condition, 0x0d, depth];

export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value | 0)],
  load: load(0x28),
  load8: load(0x2d),
  isZero: operator(0x45),
  equal: operator(0x46),
  less: operator(0x49),
  greater: operator(0x4b),
  trailingZeros: operator(0x68),
  add: operator(0x6a),
  sub: operator(0x6b),
  mul: operator(0x6c),
  and: operator(0x71),
  or: operator(0x72),
  shiftLeft: operator(0x74),
  shiftRight: operator(0x76),
} as const;

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signed64(value)],
  load: load(0x29),
  store: (address: Code, value: Code, offset = 0): Code => [...address, ...value, 0x37, 0, ...unsigned(offset)],
  differ: operator(0x52),
  mul: operator(0x7e),
  shiftRight: operator(0x88),
  /** Its lower half. */
  low: operator(0xa7),
} as const;

export const v128 = {
  const: (bytes: readonly number[]): Code => [SIMD, 0x0c, ...bytes],
  load: load(SIMD, 0x00),
  and: vector(0x4e),
  or: vector(0x50),
  /** Of each byte of the second operand, below 16, that byte of the first. */
  lookUp: vector(0x0e),
  /** The last three words of the first operand, then the first of the second. */
  lastOfFirstThenSecond: (first: Code, second: Code): Code => [
    ...first,
    ...second,
    SIMD,
    0x0d,
    ...Array.from({ length: 16 }, (_, i) => 4 + i),
  ],
  /** Whether any bit is set. */
  any: vector(0x53),
  bytesEqual: vector(0x23),
  bytesShiftRight: vector(0x6d),
  wordsEqual: vector(0x37),
  wordsDiffer: vector(0x38),
  wordsShiftRight: vector(0xad),
  wordsMul: vector(0xb5),
  /** One bit for each word: its highest. */
  wordBits: vector(0xa4),
  word: (value: Code, lane: number): Code => [...value, SIMD, 0x1b, lane],
} as const;

/** A function `run` of i32 parameters and an i32 result, over an imported memory `io.memory`. */
export interface WasmFunction {
  readonly pages: number;
  readonly parameters: number;
  /** Types of the locals; they are numbered on from the parameters. */
  readonly locals: readonly ValueType[];
  readonly body: readonly Code[];
}

/** The module with that function, as bytes. */
export function wasmModule({ pages, parameters, locals, body }: WasmFunction): Uint8Array<ArrayBuffer> {
  const list = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
  const name = (text: string): number[] => list(Array.from(text, (c) => [c.charCodeAt(0)]));
  const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
  const sized = (content: Code): number[] => [...unsigned(content.length), ...content];
  const signature = [0x60, ...list(Array.from({ length: parameters }, () => [TYPES.i32])), ...list([[TYPES.i32]])];
  const memory = [...name("io"), ...name("memory"), 0x02, 0x01, ...unsigned(pages), ...unsigned(pages)];
  const code = [...list(locals.map((type) => [1, TYPES[type]])), ...body.flat(), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list([signature])),
    ...section(2, list([memory])),
    ...section(3, list([[0]])),
    ...section(7, list([[...name("run"), 0x00, 0]])),
    ...section(10, list([sized(code)])),
  ]);
}
