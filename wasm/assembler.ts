/**
 * Assembles a WebAssembly module from instructions written as TypeScript expressions. It knows the
 * subset that the kernels of BPE, shards, sampler and trainer use (WebAssembly core specification
 * 2.0, section 5, binary format). Instructions on integers in vectors are in integers.ts.
 */

/** Bytes of instructions; `assemble` flattens nested lists. */
export type Code = number | readonly Code[];

export const I32 = 0x7f;
export const F32 = 0x7d;
export const I64 = 0x7e;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof I64 | typeof F32 | typeof V128;

const EMPTY_BLOCK = 0x40;
const FUNCTION_TYPE = 0x60;

/** Parameters and local variables of a function share one numbering. */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
  tee(value: Code): Code;
}

export interface Scope {
  local(type: ValueType): Local;
}

export interface FunctionSpec {
  name: string;
  params: readonly ValueType[];
  /** @param args the parameters, in order */
  body(scope: Scope, ...args: Local[]): Code;
}

export interface MemoryLimits {
  maxPages: number;
  /** Whether threads share the memory. */
  shared: boolean;
}

/** @returns a module that imports a memory as `env.memory` and exports the functions */
export function assemble(
  functions: readonly FunctionSpec[],
  { maxPages, shared }: MemoryLimits,
): Uint8Array {
  const types = functions.map(({ params }) => [FUNCTION_TYPE, vector([...params]), vector([])]);
  const limits = [shared ? 0x03 : 0x01, unsigned(1), unsigned(maxPages)];
  const memory = [text('env'), text('memory'), 0x02, limits];
  const exports = functions.map(({ name }, i) => [text(name), 0x00, unsigned(i)]);
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, vector(types)),
      section(2, vector([memory])),
      section(3, vector(functions.map((_, i) => unsigned(i)))),
      section(7, vector(exports)),
      section(10, vector(functions.map(functionBody))),
    ]),
  );
}

function functionBody({ params, body }: FunctionSpec): Code {
  const types: ValueType[] = [];
  const local = (index: number): Local => ({
    get: [0x20, unsigned(index)],
    set: (value) => [value, 0x21, unsigned(index)],
    tee: (value) => [value, 0x22, unsigned(index)],
  });
  const scope: Scope = { local: (type) => local(params.length + types.push(type) - 1) };
  const instructions = body(scope, ...params.map((_, i) => local(i)));
  const content = flatten([vector(types.map((type) => [unsigned(1), type])), instructions, 0x0b]);
  return [unsigned(content.length), content];
}

function section(id: number, content: Code): Code {
  const bytes = flatten(content);
  return [id, unsigned(bytes.length), bytes];
}

function vector(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function text(value: string): Code {
  return vector([...Buffer.from(value)]);
}

function flatten(code: Code): number[] {
  const bytes: number[] = [];
  const visit = (part: Code): void => {
    if (typeof part === 'number') bytes.push(part);
    else for (const inner of part) visit(inner);
  };
  visit(code);
  return bytes;
}

/** Encodes an unsigned number as LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

function float(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

/** A SIMD instruction is a prefix and a LEB128 number. */
export const simd = (opcode: number): Code => [0xfd, unsigned(opcode)];
export const unary =
  (opcode: Code) =>
  (a: Code): Code => [a, opcode];
export const binary =
  (opcode: Code) =>
  (a: Code, b: Code): Code => [a, b, opcode];
/** @param alignment addresses are multiples of 2 to this power */
export const reading =
  (opcode: Code, alignment = 2) =>
  (address: Code, offset = 0): Code => [address, opcode, alignment, unsigned(offset)];
export const writing =
  (opcode: Code, alignment = 2) =>
  (address: Code, value: Code, offset = 0): Code => [
    address,
    value,
    opcode,
    alignment,
    unsigned(offset),
  ];

export const i32 = {
  const: (value: number): Code => [0x41, signed(value)],
  load: reading(0x28),
  loadByte: reading(0x2d, 0),
  loadHalf: reading(0x2f, 1),
  store: writing(0x36),
  storeHalf: writing(0x3b, 1),
  add: binary(0x6a),
  sub: binary(0x6b),
  mul: binary(0x6c),
  and: binary(0x71),
  or: binary(0x72),
  shl: (a: Code, bits: number): Code => [a, [0x41, signed(bits)], 0x74],
  shrU: (a: Code, bits: number): Code => [a, [0x41, signed(bits)], 0x76],
  eq: binary(0x46),
  ltU: binary(0x49),
  /** The smaller of two variables: `select` takes the first when the condition holds. */
  min: (a: Local, b: Local): Code => [a.get, b.get, [a.get, b.get, 0x49], 0x1b],
};

export const f32 = {
  const: (value: number): Code => [0x43, float(value)],
  load: reading(0x2a),
  store: writing(0x38),
  sqrt: unary(0x91),
  add: binary(0x92),
  sub: binary(0x93),
  mul: binary(0x94),
  div: binary(0x95),
  max: binary(0x97),
  fromUnsigned: unary(0xb3),
  /** Its bits, as an i32, and back. */
  bits: unary(0xbc),
  ofBits: unary(0xbe),
};

export const v128 = {
  load: reading(simd(0)),
  loadSplat: reading(simd(9)),
  store: writing(simd(11)),
};

export const f32x4 = {
  splat: unary(simd(19)),
  const: (value: number): Code => [
    simd(12),
    float(value),
    float(value),
    float(value),
    float(value),
  ],
  lane: (vector: Code, lane: number): Code => [vector, simd(31), lane],
  nearest: unary(simd(106)),
  abs: unary(simd(224)),
  neg: unary(simd(225)),
  add: binary(simd(228)),
  sub: binary(simd(229)),
  mul: binary(simd(230)),
  div: binary(simd(231)),
  min: binary(simd(232)),
  max: binary(simd(233)),
};

export const i32x4 = {
  shl: (vector: Code, bits: number): Code => [vector, i32.const(bits), simd(171)],
  add: binary(simd(174)),
  const: (value: number): Code => {
    const bytes = [...new Uint8Array(Int32Array.of(value).buffer)];
    return [simd(12), bytes, bytes, bytes, bytes];
  },
  truncate: unary(simd(248)),
};

/** Picks four 32-bit lanes of two vectors: 0..3 are lanes of the first, 4..7 of the second. */
export function shuffle(a: Code, b: Code, lanes: readonly [number, number, number, number]): Code {
  const bytes = lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte));
  return [a, b, simd(13), bytes];
}

/** Repeats `body` while `condition` holds; tests before each turn. */
export function whileLoop(condition: Code, body: Code): Code {
  const leave = [condition, 0x45, 0x0d, 1];
  return [0x02, EMPTY_BLOCK, 0x03, EMPTY_BLOCK, leave, body, 0x0c, 0, 0x0b, 0x0b];
}

/** Repeats `body` as long as `condition` is not 0; tests after each turn. */
export function repeatWhile(body: Code, condition: Code): Code {
  return [0x03, EMPTY_BLOCK, body, condition, 0x0d, 0, 0x0b];
}

/** An if-else expression: evaluates only one of the two values. */
export function whenElse(type: ValueType, condition: Code, value: Code, other: Code): Code {
  return [condition, 0x04, type, value, 0x05, other, 0x0b];
}

/** One body or the other. */
export function either(condition: Code, body: Code, other: Code): Code {
  return [condition, 0x04, EMPTY_BLOCK, body, 0x05, other, 0x0b];
}

/** Counts `at` from its value up to `end` (exclusive) in steps. */
export function forEach(at: Local, end: Code, step: number, body: Code): Code {
  return whileLoop(i32.ltU(at.get, end), [body, at.set(i32.add(at.get, i32.const(step)))]);
}

/** Repeats at least once, while `at` is below `end` after a step: one branch per turn. */
export function forEachOnce(at: Local, end: Code, step: number, body: Code): Code {
  const next = at.tee(i32.add(at.get, i32.const(step)));
  return repeatWhile(body, i32.ltU(next, end));
}

/** Sum of the four lanes of a vector, added in pairs: (0 + 2) + (1 + 3). */
export function sumLanes(scope: Scope, vector: Code): Code {
  const v = scope.local(V128);
  const pairs = f32x4.add(v.get, shuffle(v.get, v.get, [2, 3, 2, 3]));
  return [v.set(vector), v.set(pairs), f32.add(f32x4.lane(v.get, 0), f32x4.lane(v.get, 1))];
}
