/** Each instruction and each loop, run by Node's own WebAssembly, beside what JavaScript computes. */
import test from 'ava';
import {
  assemble,
  type Code,
  F32,
  f32,
  f32x4,
  forEach,
  forEachOnce,
  I32,
  i32,
  i32x4,
  type Local,
  type Scope,
  shuffle,
  sumLanes,
  V128,
  v128,
  whenElse,
} from '../../wasm/assembler.ts';
import { instantiate } from '../../wasm/instantiate.ts';

const A = 0x9234_5678 | 0;
const B = 21;

const memory = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: false });

/** The value at address 0 after the body ran with `a` and `b`. */
function run(body: (scope: Scope, a: Local, b: Local) => Code, a = A, b = B): DataView {
  const own = memory();
  const { f } = instantiate<{ f(a: number, b: number): void }>(
    [{ name: 'f', params: [I32, I32], body }],
    own,
  );
  f(a, b);
  return new DataView(own.buffer);
}

const integer = (value: (a: Local, b: Local) => Code, a?: number, b?: number) =>
  run((_, x, y) => i32.store(i32.const(0), value(x, y)), a, b).getInt32(0, true);

const single = (value: Code) => run(() => f32.store(i32.const(0), value)).getFloat32(0, true);

/** The four lanes that the vector has. */
function lanes(value: (scope: Scope) => Code): number[] {
  const view = run((scope) => v128.store(i32.const(0), value(scope)));
  return [0, 4, 8, 12].map((at) => view.getFloat32(at, true));
}

test('arithmetic on 32-bit integers', (t) => {
  t.is(
    integer((a, b) => i32.add(a.get, b.get)),
    (A + B) | 0,
  );
  t.is(
    integer((a, b) => i32.sub(a.get, b.get)),
    (A - B) | 0,
  );
  t.is(
    integer((a, b) => i32.mul(a.get, b.get)),
    Math.imul(A, B),
  );
  t.is(
    integer((a, b) => i32.and(a.get, b.get)),
    A & B,
  );
  t.is(
    integer((a, b) => i32.or(a.get, b.get)),
    A | B,
  );
  t.is(
    integer((a) => i32.shl(a.get, 5)),
    A << 5,
  );
  t.is(
    integer((a) => i32.shrU(a.get, 5)),
    A >>> 5,
  );
  t.is(
    integer((a, b) => i32.eq(a.get, b.get)),
    0,
  );
  t.is(
    integer((a) => i32.eq(a.get, a.get)),
    1,
  );
  t.is(
    integer((a, b) => i32.ltU(a.get, b.get)),
    0,
    'unsigned: A is large, not negative',
  );
  t.is(
    integer((a, b) => i32.ltU(b.get, a.get)),
    1,
  );
  t.is(integer(i32.min), B);
  t.is(
    integer((a, b) => i32.min(b, a)),
    B,
  );
});

test('integers of every length in LEB128, with both signs', (t) => {
  const borders = [0, 1, 63, 64, 127, 128, 8191, 8192, 1 << 20, 2 ** 31 - 1].flatMap((value) => [
    value,
    -value,
    -value - 1,
  ]);
  for (const value of borders)
    t.is(
      integer(() => i32.const(value)),
      value | 0,
      String(value),
    );
});

test('reading and writing by bytes, halves and words, also far from the address', (t) => {
  const view = run((_, a) => [
    i32.store(i32.const(0), a.get, 200),
    i32.storeHalf(i32.const(300), a.get),
    i32.store(i32.const(0), i32.loadByte(i32.const(0), 201), 400),
    i32.store(i32.const(0), i32.loadHalf(i32.const(202)), 404),
    i32.store(i32.const(0), i32.load(i32.const(200)), 408),
  ]);
  t.is(view.getInt32(200, true), A);
  t.is(view.getInt32(300, true), A & 0xffff, 'two bytes and no more');
  t.is(view.getInt32(400, true), (A >>> 8) & 0xff);
  t.is(view.getInt32(404, true), A >>> 16);
  t.is(view.getInt32(408, true), A);
});

test('arithmetic on single floats', (t) => {
  const [a, b] = [3.25, -0.7];
  const [left, right] = [f32.const(a), f32.const(b)];
  const b32 = Math.fround(b);
  t.is(single(f32.add(left, right)), Math.fround(a + b32));
  t.is(single(f32.sub(left, right)), Math.fround(a - b32));
  t.is(single(f32.mul(left, right)), Math.fround(a * b32));
  t.is(single(f32.div(left, right)), Math.fround(a / b32));
  t.is(single(f32.max(left, right)), a);
  t.is(single(f32.sqrt(left)), Math.fround(Math.sqrt(a)));
  t.is(single(f32.fromUnsigned(i32.const(-1))), 2 ** 32);
});

test('vectors: lanes, constants, loads and arithmetic', (t) => {
  const [a, b] = [f32x4.splat(f32.const(2.5)), f32x4.const(-4)];
  t.deepEqual(
    lanes(() => f32x4.add(a, b)),
    Array(4).fill(-1.5),
  );
  t.deepEqual(
    lanes(() => f32x4.sub(a, b)),
    Array(4).fill(6.5),
  );
  t.deepEqual(
    lanes(() => f32x4.mul(a, b)),
    Array(4).fill(-10),
  );
  t.deepEqual(
    lanes(() => f32x4.div(a, b)),
    Array(4).fill(-0.625),
  );
  t.deepEqual(
    lanes(() => f32x4.min(a, b)),
    Array(4).fill(-4),
  );
  t.deepEqual(
    lanes(() => f32x4.max(a, b)),
    Array(4).fill(2.5),
  );
  t.deepEqual(
    lanes(() => f32x4.neg(a)),
    Array(4).fill(-2.5),
  );
  t.deepEqual(
    lanes(() => f32x4.nearest(a)),
    Array(4).fill(2),
    'of halves the even one',
  );
  const counting = [1, 2, 3, 4].map((value, i) =>
    f32.store(i32.const(16 + 4 * i), f32.const(value)),
  );
  const counted = v128.load(i32.const(16));
  t.deepEqual(
    lanes(() => [counting, counted].slice(1)),
    [0, 0, 0, 0],
  );
  const stored = run((scope) => [
    counting,
    v128.store(i32.const(0), shuffle(counted, f32x4.const(9), [3, 4, 0, 7])),
    v128.store(i32.const(32), v128.loadSplat(i32.const(24))),
    f32.store(i32.const(48), sumLanes(scope, counted)),
    f32.store(i32.const(52), f32x4.lane(counted, 2)),
  ]);
  const at = (from: number) =>
    [0, 4, 8, 12].map((offset) => stored.getFloat32(from + offset, true));
  t.deepEqual(at(0), [4, 9, 1, 9]);
  t.deepEqual(at(32), [3, 3, 3, 3]);
  t.deepEqual([stored.getFloat32(48, true), stored.getFloat32(52, true)], [10, 3]);
});

test('vectors of integers are shifted, added, and made of floats', (t) => {
  const view = run(() => [
    v128.store(i32.const(0), i32x4.shl(i32x4.const(3), 4)),
    v128.store(i32.const(16), i32x4.add(i32x4.const(-5), i32x4.const(2))),
    v128.store(i32.const(32), i32x4.truncate(f32x4.const(-7.9))),
  ]);
  t.deepEqual(
    [0, 12, 16, 28, 32, 44].map((at) => view.getInt32(at, true)),
    [48, 48, -3, -3, -7, -7],
  );
});

/** Turns of a loop from `from` to `to` in steps of 3, and what `at` is behind it. */
function turns(loop: typeof forEach, from: number, to: number): number[] {
  const view = run(
    (scope, a, b) => {
      const [at, count] = [scope.local(I32), scope.local(I32)];
      return [
        at.set(a.get),
        loop(at, b.get, 3, count.set(i32.add(count.get, i32.const(1)))),
        i32.store(i32.const(0), count.get),
        i32.store(i32.const(4), at.get),
      ];
    },
    from,
    to,
  );
  return [view.getInt32(0, true), view.getInt32(4, true)];
}

test('loops end at their bound; only one of the two runs where there is nothing to do', (t) => {
  t.deepEqual(turns(forEach, 0, 7), [3, 9]);
  t.deepEqual(turns(forEachOnce, 0, 7), [3, 9]);
  t.deepEqual(turns(forEach, 7, 7), [0, 7]);
  t.deepEqual(turns(forEachOnce, 7, 7), [1, 10]);
});

test('of two values the one that the condition chooses', (t) => {
  const chosen = (a: number) =>
    integer((x, y) => whenElse(I32, i32.ltU(x.get, y.get), i32.const(1), i32.const(2)), a, 10);
  t.deepEqual([chosen(9), chosen(10)], [1, 2]);
});

test('locals of different types do not meet, and more than 127 of them have their own places', (t) => {
  const view = run((scope) => {
    const numbers = Array.from({ length: 200 }, () => scope.local(I32));
    const [vector, float] = [scope.local(V128), scope.local(F32)];
    return [
      numbers.map((number, i) => number.set(i32.const(i))),
      vector.set(f32x4.const(1.5)),
      float.set(f32.const(2.5)),
      numbers.map((number, i) => i32.store(i32.const(4 * i), number.get)),
      f32.store(i32.const(800), f32x4.lane(vector.get, 3)),
      f32.store(i32.const(804), float.get),
    ];
  });
  for (let i = 0; i < 200; i++) t.is(view.getInt32(4 * i, true), i);
  t.deepEqual([view.getFloat32(800, true), view.getFloat32(804, true)], [1.5, 2.5]);
});

test('a module says how much memory it is linked to, and whether threads share it', (t) => {
  const functions = [{ name: 'f', params: [], body: () => i32.store(i32.const(0), i32.const(7)) }];
  const link = (shared: boolean, own: WebAssembly.Memory<boolean>) =>
    new WebAssembly.Instance(new WebAssembly.Module(assemble(functions, { maxPages: 1, shared })), {
      env: { memory: own },
    });
  const common = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  (link(true, common).exports as { f(): void }).f();
  t.is(new DataView(common.buffer).getInt32(0, true), 7);
  t.throws(() => link(false, common), { name: 'LinkError' });
  t.throws(() => link(true, memory()), { name: 'LinkError' });
  const large = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: false });
  t.throws(() => link(false, large), { name: 'LinkError' });
});
