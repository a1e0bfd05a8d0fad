/**
 * The WebAssembly kernels of bits.ts: 128-bit vectors pack, unpack and count eight values at once.
 * Each width has its own code, in which every shift and mask is a constant. Each function works on
 * multiples of 32 values and copies them between two fixed places in a small memory, so there are
 * no addresses to pass or check.
 */
import {
  type Code,
  type FunctionSpec,
  forEachOnce,
  I32,
  i32,
  type Local,
  V128,
  v128,
} from '../../wasm/assembler.ts';
import { instantiate, PAGE_BYTES } from '../../wasm/instantiate.ts';
import { bits, i16x8, i64, pickBytes, u32x4, u64x2 } from '../../wasm/integers.ts';

/** Most values per call; packed and unpacked, they fit into the level-1 cache. */
export const PAGE_CHUNK = 16_384;
/** Values per turn of the loops. */
export const VALUE_BLOCK = 32;

const GROUP = 8;
const GROUPS = VALUE_BLOCK / GROUP;
const LANES = [0, 1, 2, 3, 4, 5, 6, 7];
/** Offsets in the memory, in bytes. Behind each array there is space for one vector more. */
const VALUES = 0;
const PACKED = VALUES + PAGE_CHUNK * 2 + 32;
const WIDE = PACKED + PAGE_CHUNK * 2 + 32;
const RESULT = WIDE + PAGE_CHUNK * 4 + 32;
const PAGES = Math.ceil((RESULT + 64) / PAGE_BYTES);

/** The arrays between which values are copied. */
export interface KernelMemory {
  /** [PAGE_CHUNK] */
  values: Uint16Array;
  /** [PAGE_CHUNK], values as 32-bit integers. */
  wide: Int32Array;
  /** [PAGE_CHUNK * 2] */
  packed: Uint8Array;
  /** Eight lanes each: the largest values, and the occurrences of the two given values. */
  result: Uint16Array;
}

export interface PageKernels {
  /** Packs values to `packed`. */
  pack(values: number): void;
  /** Unpacks `packed` to `values`, and writes their largest value to `result`. */
  unpack(values: number): void;
  /** The same to `wide`. */
  unpackWide(values: number): void;
}

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: false });
const compiled: PageKernels[] = [];

export const kernelMemory: KernelMemory = {
  values: new Uint16Array(memory.buffer, VALUES, PAGE_CHUNK),
  wide: new Int32Array(memory.buffer, WIDE, PAGE_CHUNK),
  packed: new Uint8Array(memory.buffer, PACKED, PAGE_CHUNK * 2),
  result: new Uint16Array(memory.buffer, RESULT, 24),
};

/** @param width 1..16 bits per value; compiled at first use */
export function kernelsOf(width: number): PageKernels {
  compiled[width] ??= instantiate<PageKernels>(
    [pack(width), unpack(width), unpackWide(width)],
    memory,
  );
  return compiled[width];
}

type Survey = (values: number, first: number, second: number) => void;
let surveyor: Survey | undefined;

/** Counts values and writes the counts to `result`. */
export function surveyKernel(values: number, first: number, second: number): void {
  surveyor ??= instantiate<{ survey: Survey }>([survey], memory).survey;
  surveyor(values, first, second);
}

/**
 * Runs `group` for every eight values; `source` and `target` advance by these numbers of bytes per
 * group.
 */
function overGroups(
  count: Local,
  [source, sourceStart, sourceStep]: [Local, number, number],
  [target, targetStart, targetStep]: [Local, number, number],
  group: (index: number) => Code,
): Code {
  const ends: Code = i32.add(i32.const(sourceStart), scaled(count, sourceStep));
  return [
    count.set(ends),
    source.set(i32.const(sourceStart)),
    target.set(i32.const(targetStart)),
    forEachOnce(source, count.get, sourceStep * GROUPS, [
      Array.from({ length: GROUPS }, (_, i) => group(i)),
      target.set(i32.add(target.get, i32.const(targetStep * GROUPS))),
    ]),
  ];
}

/** Number of bytes of `count` values, if a group takes `step` bytes. */
function scaled(count: Local, step: number): Code {
  return i32.mul(i32.shrU(count.get, 3), i32.const(step));
}

/**
 * Joins neighbours three times: two values to 32 bits, two of these to 64 bits, then the last two
 * in memory. Bytes beyond the packed length are overwritten by the next eight values.
 */
function pack(width: number): FunctionSpec {
  return {
    name: 'pack',
    params: [I32],
    body(scope, count) {
      const [source, target] = [scope.local(I32), scope.local(I32)];
      const v = scope.local(V128);
      const low = (vector: Code, lanes: readonly number[]) => bits.and(vector, u32x4.const(lanes));
      const pairs = bits.or(
        low(v.get, [0xffff, 0xffff, 0xffff, 0xffff]),
        u32x4.shl(u32x4.shrU(v.get, 16), width),
      );
      const fours = bits.or(
        low(v.get, [0xffffffff, 0, 0xffffffff, 0]),
        u64x2.shl(u64x2.shrU(v.get, 32), 2 * width),
      );
      const group = (i: number): Code => {
        const at = width * i;
        const store: Code =
          width === 16
            ? v128.store(target.get, v.get, at)
            : [
                i64.store(
                  target.get,
                  i64.or(u64x2.lane(v.get, 0), i64.shl(u64x2.lane(v.get, 1), 4 * width)),
                  at,
                ),
                width > 8
                  ? i64.store(target.get, i64.shrU(u64x2.lane(v.get, 1), 64 - 4 * width), at + 8)
                  : [],
              ];
        return [v.set(v128.load(source.get, 16 * i)), v.set(pairs), v.set(fours), store];
      };
      return overGroups(count, [source, VALUES, 16], [target, PACKED, width], group);
    },
  };
}

/**
 * Each lane loads the bytes that contain its value; a multiplication and one shift move the value
 * to the low end.
 */
function unpack(width: number): FunctionSpec {
  return {
    name: 'unpack',
    params: [I32],
    body(scope, count) {
      const [source, target] = [scope.local(I32), scope.local(I32)];
      const [v, most] = [scope.local(V128), scope.local(V128)];
      const group = (i: number): Code => [
        v.set(unpackedGroup(source, width * i, width)),
        most.set(i16x8.maxU(most.get, v.get)),
        v128.store(target.get, v.get, 16 * i),
      ];
      return [
        overGroups(count, [source, PACKED, width], [target, VALUES, 16], group),
        v128.store(i32.const(RESULT), most.get),
      ];
    },
  };
}

function unpackWide(width: number): FunctionSpec {
  return {
    name: 'unpackWide',
    params: [I32],
    body(scope, count) {
      const [source, target] = [scope.local(I32), scope.local(I32)];
      const [v, most] = [scope.local(V128), scope.local(V128)];
      const group = (i: number): Code => [
        v.set(unpackedGroup(source, width * i, width)),
        most.set(i16x8.maxU(most.get, v.get)),
        v128.store(target.get, u32x4.extendLow(v.get), 32 * i),
        v128.store(target.get, u32x4.extendHigh(v.get), 32 * i + 16),
      ];
      return [
        overGroups(count, [source, PACKED, width], [target, WIDE, 32], group),
        v128.store(i32.const(RESULT), most.get),
      ];
    },
  };
}

function unpackedGroup(source: Local, offset: number, width: number): Code {
  const shifts = LANES.map((lane) => (lane * width) % 8);
  const furthest = Math.max(...shifts);
  const firstByte = (lane: number) => Math.floor((lane * width) / 8);
  if (furthest + width <= 16) {
    const picked = pickBytes(
      v128.load(source.get, offset),
      LANES.flatMap((lane) => [firstByte(lane), Math.min(15, firstByte(lane) + 1)]),
    );
    if (furthest === 0 && width === 16) return picked;
    const factors = shifts.map((shift) => 2 ** (furthest - shift));
    const aligned = i16x8.shrU(i16x8.mul(picked, i16x8.const(factors)), furthest);
    if (furthest + width === 16) return aligned;
    return bits.and(aligned, i16x8.const(LANES.map(() => 2 ** width - 1)));
  }
  const halves = [LANES.slice(0, 4), LANES.slice(4)].map((lanes) => {
    const start = firstByte(lanes[0]);
    const picked = pickBytes(
      v128.load(source.get, offset + start),
      lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => firstByte(lane) - start + byte)),
    );
    const factors = lanes.map((lane) => 2 ** (furthest - shifts[lane]));
    const aligned = u32x4.shrU(u32x4.mul(picked, u32x4.const(factors)), furthest);
    return bits.and(aligned, u32x4.const(lanes.map(() => 2 ** width - 1)));
  });
  return i16x8.narrow(halves[0], halves[1]);
}

const survey: FunctionSpec = {
  name: 'survey',
  params: [I32, I32, I32],
  body(scope, count, first, second) {
    const [source, target] = [scope.local(I32), scope.local(I32)];
    const [v, most] = [scope.local(V128), scope.local(V128)];
    const wanted = [first, second].map((value) => {
      return { value, lanes: scope.local(V128), found: scope.local(V128) };
    });
    const group = (i: number): Code => [
      v.set(v128.load(source.get, 16 * i)),
      most.set(i16x8.maxU(most.get, v.get)),
      wanted.map(({ lanes, found }) =>
        // Lanes that are equal are -1.
        found.set(i16x8.sub(found.get, i16x8.eq(v.get, lanes.get))),
      ),
    ];
    return [
      wanted.map(({ value, lanes }) => lanes.set(i16x8.splat(value.get))),
      overGroups(count, [source, VALUES, 16], [target, 0, 0], group),
      [most, ...wanted.map(({ found }) => found)].map((vector, i) =>
        v128.store(i32.const(RESULT), vector.get, 16 * i),
      ),
    ];
  },
};
