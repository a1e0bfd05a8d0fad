/**
 * Products of bytes: to each of four 32-bit sums those of four signed bytes and four bytes of 7 bits are
 * added. WebAssembly's relaxed SIMD has instructions for it, whose result for bytes of 8 bits depends
 * on the processor; with 7 bits it is exact, and the same on all. So is a form of plain SIMD.
 */
import { setFlagsFromString } from 'node:v8';
import {
  assemble,
  type Code,
  type FunctionSpec,
  I32,
  i32x4,
  type Local,
  type MemoryLimits,
  type Scope,
  shuffle,
  simd,
  V128,
  v128,
} from './assembler.ts';
import { i16x8, s32x4 } from './integers.ts';

/**
 * `sums`: one instruction, which V8 makes one of AVX-VNNI or of Arm where the processor has it;
 * `pairs`: products by a relaxed instruction, sums by others; `plain`: without relaxed SIMD.
 */
export const BYTE_DOTS = ['sums', 'pairs', 'plain'] as const;

export type ByteDot = (typeof BYTE_DOTS)[number];

const relaxedPairs = simd(0x112);
const relaxedSums = simd(0x113);
/** V8 below 13 makes five instructions of `sums` on x86, where `pairs` are three. */
const FIRST_WITH_SUMS = 13;

/** Adds to four sums. @param signed four groups of four signed bytes @param small of 7 bits each */
export type AddProducts = (sums: Local, signed: Local, small: Local) => Code;

/** @returns what to run first, and how to add */
export function byteDotOf(scope: Scope, kind: ByteDot): { begin: Code; add: AddProducts } {
  switch (kind) {
    case 'sums':
      return {
        begin: [],
        add: (sums, signed, small) => sums.set([signed.get, small.get, sums.get, relaxedSums]),
      };
    case 'pairs': {
      const ones = scope.local(V128);
      return {
        begin: ones.set(i16x8.const(new Array(8).fill(1))),
        add: (sums, signed, small) =>
          sums.set(i32x4.add(sums.get, s32x4.dot([signed.get, small.get, relaxedPairs], ones.get))),
      };
    }
    case 'plain': {
      const [low, high] = [scope.local(V128), scope.local(V128)];
      return {
        begin: [],
        add: (sums, signed, small) => [
          low.set(s32x4.dot(i16x8.extendLow(signed.get), i16x8.extendLow(small.get))),
          high.set(s32x4.dot(i16x8.extendHigh(signed.get), i16x8.extendHigh(small.get))),
          sums.set(i32x4.add(sums.get, shuffle(low.get, high.get, [0, 2, 4, 6]))),
          sums.set(i32x4.add(sums.get, shuffle(low.get, high.get, [1, 3, 5, 7]))),
        ],
      };
    }
  }
}

/** The fastest form that this process has. */
export function fastestByteDot(): ByteDot {
  if (!withRelaxedSimd(hasRelaxedSimd)) return 'plain';
  return Number.parseInt(process.versions.v8, 10) < FIRST_WITH_SUMS ? 'pairs' : 'sums';
}

/**
 * Compiles a module that may use relaxed SIMD, which Node 20 has behind a flag of V8. The flag is read
 * when a module is compiled, and taken back at once.
 */
export function compileWithByteDot(
  functions: readonly FunctionSpec[],
  limits: MemoryLimits,
): WebAssembly.Module {
  const bytes = assemble(functions, limits);
  return withRelaxedSimd(() => new WebAssembly.Module(bytes));
}

function withRelaxedSimd<T>(work: () => T): T {
  if (hasRelaxedSimd()) return work();
  // Newer versions have no such flag, and an engine without the instructions has none either.
  if (Number.parseInt(process.versions.v8, 10) !== 11) return work();
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  try {
    return work();
  } finally {
    setFlagsFromString('--no-experimental-wasm-relaxed-simd');
  }
}

function hasRelaxedSimd(): boolean {
  const probe: FunctionSpec = {
    name: 'probe',
    params: [I32],
    body: (_scope, at) => {
      const vector = v128.load(at.get);
      return v128.store(at.get, [vector, vector, relaxedPairs]);
    },
  };
  return WebAssembly.validate(assemble([probe], { maxPages: 1, shared: false }));
}
