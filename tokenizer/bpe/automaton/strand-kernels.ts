/**
 * The WebAssembly kernels of the automaton. Its steps depend on each other, and each waits for a
 * table lookup. Eight strands run at once so that these waits overlap. A strand that meets an
 * unknown transition continues with state 0, so no step needs a branch. Every strand lies at a
 * fixed place, so one register holds the position in all of them.
 */
import {
  type Code,
  type FunctionSpec,
  forEach,
  I32,
  i32,
  type Local,
  repeatWhile,
  type Scope,
  v128,
} from '../../../wasm/assembler.ts';
import { compileModule, linkModule } from '../../../wasm/instantiate.ts';
import { bits } from '../../../wasm/integers.ts';
import { STRANDS, type StrandLayout, TURN, VECTOR } from './strand-layout.ts';

export interface StrandKernels {
  /** Copies the input into strands of `length` bytes, without the rest. */
  spread(length: number): void;
  /**
   * Bytes -> states, each strand from its last byte on. `entry` holds the states to begin with.
   */
  scan(length: number): void;
  /**
   * States -> tokens, each strand from its first byte on until a token reaches its end; then writes
   * 0xffff. `entry` holds the states to begin at; afterwards it holds the positions where the
   * strands ended, times 2.
   * @param rest how much longer the last strand is
   */
  emit(length: number, rest: number): void;
}

/** Compiled modules by the length of the longest token, which decides the memory layout. */
const modules = new Map<number, WebAssembly.Module>();
const numbers = Array.from({ length: STRANDS }, (_, n) => n);

export function compileStrandKernels(
  memory: WebAssembly.Memory<false>,
  layout: StrandLayout,
  longest: number,
): StrandKernels {
  let module = modules.get(longest);
  if (!module) {
    const functions = [spread(layout), scan(layout), emit(layout, longest)];
    const limits = { maxPages: layout.pages, shared: false };
    module = compileModule(functions, limits);
    modules.set(longest, module);
  }
  return linkModule<StrandKernels>(module, memory);
}

/** Makes a local variable for each strand and loads it from `entry`. */
function entered(scope: Scope, { entry }: StrandLayout): { locals: Local[]; enter: Code } {
  const locals = numbers.map(() => scope.local(I32));
  return { locals, enter: locals.map((each, n) => each.set(i32.load(i32.const(entry), 4 * n))) };
}

function spread({ input, bytes, byteStride }: StrandLayout): FunctionSpec {
  return {
    name: 'spread',
    params: [I32],
    body(scope, length) {
      const [source, target] = [scope.local(I32), scope.local(I32)];
      return numbers.map((n) => [
        source.set(i32.mul(length.get, i32.const(n))),
        target.set(i32.const(0)),
        forEach(target, length.get, VECTOR, [
          v128.store(target.get, v128.load(source.get, input), bytes + n * byteStride),
          source.set(i32.add(source.get, i32.const(VECTOR))),
        ]),
      ]);
    },
  };
}

function scan(at: StrandLayout): FunctionSpec {
  return {
    name: 'scan',
    params: [I32],
    body(scope, position) {
      const { locals, enter } = entered(scope, at);
      const place = scope.local(I32);
      const step = (state: Local, n: number): Code => {
        const byte = i32.loadByte(position.get, at.bytes + n * at.byteStride);
        const cell = i32.shl(i32.or(i32.shl(state.get, 8), byte), 1);
        return [
          state.set(i32.loadHalf(cell, at.table)),
          i32.storeHalf(place.get, state.get, at.states + n * at.stateStride),
        ];
      };
      return [
        enter,
        repeatWhile(
          [
            position.set(i32.sub(position.get, i32.const(1))),
            place.set(i32.shl(position.get, 1)),
            locals.map(step),
          ],
          position.get,
        ),
      ];
    },
  };
}

function emit(at: StrandLayout, longest: number): FunctionSpec {
  return {
    name: 'emit',
    params: [I32, I32],
    body(scope, length, rest) {
      const { locals, enter } = entered(scope, at);
      const [place, found, states] = [scope.local(I32), scope.local(I32), scope.local(I32)];
      const statesOf = (n: number) => at.states + n * at.stateStride;
      const zero = bits.const(new Uint8Array(VECTOR));
      // Clear the states that a token reaches beyond the end of its strand.
      const clear = [
        place.set(i32.const(0)),
        forEach(place, i32.const(2 * longest), VECTOR, [
          numbers
            .slice(0, -1)
            .map((n) => v128.store(i32.add(states.get, place.get), zero, statesOf(n))),
          v128.store(
            i32.add(i32.add(states.get, place.get), i32.shl(rest.get, 1)),
            zero,
            statesOf(STRANDS - 1),
          ),
        ]),
      ];
      const step = (position: Local, n: number, turn: number): Code => [
        found.set(i32.loadHalf(position.get, statesOf(n))),
        states.set(i32.or(states.get, found.get)),
        found.set(i32.load(i32.shl(found.get, 2), at.outputs)),
        i32.storeHalf(place.get, found.get, at.tokens + n * at.tokenStride + 2 * turn),
        position.set(i32.add(position.get, i32.shrU(found.get, 16))),
      ];
      const turns = Array.from({ length: TURN }, (_, turn) => turn);
      return [
        states.set(i32.shl(length.get, 1)),
        clear,
        enter,
        place.set(i32.const(0)),
        repeatWhile(
          [
            turns.map((turn) => [
              states.set(i32.const(0)),
              locals.map((position, n) => step(position, n, turn)),
            ]),
            place.set(i32.add(place.get, i32.const(2 * TURN))),
          ],
          // Only state 0 was met: all strands have ended.
          states.get,
        ),
        locals.map((position, n) => i32.store(i32.const(at.entry), position.get, 4 * n)),
        i32.store(i32.const(at.most), i32.shrU(place.get, 1)),
      ];
    },
  };
}
