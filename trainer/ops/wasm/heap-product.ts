/**
 * Matrix products in the heap of tfjs's WebAssembly backend, by kernels of this project. XNNPACK
 * multiplies as fast, but it packs the second factor of each product one number at a time, and it
 * does not accept transposed factors.
 */
import type { Tensor, Tensor3D, TensorInfo } from '@tensorflow/tfjs';
import type { Backend } from '../../../compute/choose.ts';
import { instantiate } from '../../../wasm/instantiate.ts';
import { matMulKernel, PANEL, TILE } from '../../../wasm/mat-mul.ts';
import { type Heap, heapOf } from './heap.ts';
import { packColumns, packRows } from './pack.ts';

const FLOAT = 4;
/**
 * The largest memory that a 32-bit address can reach. tfjs's memory is smaller, but the limit of an
 * import must not be stricter than that memory's own.
 */
const MAX_PAGES = 65_536;
/**
 * Rows are packed and multiplied in blocks of this many numbers, which fit into the level-2 cache.
 */
const BLOCK = 65_536;

/** Whether each factor is first transposed. */
export interface Transposes {
  a?: boolean;
  b?: boolean;
}

type Pack = (from: number, stride: number, count: number, inputs: number, to: number) => void;

interface Kernels {
  tilesOfRows: Pack;
  tilesOfColumns: Pack;
  panelsOfRows: Pack;
  panelsOfColumns: Pack;
  /** See wasm/mat-mul.ts. */
  matMul(
    x: number,
    rows: number,
    inputs: number,
    panels: number,
    count: number,
    y: number,
    yStride: number,
  ): void;
}

const compiled = new WeakMap<Heap, Kernels>();

/**
 * Whether there is at least one whole tile and one whole panel; smaller matrices are left to tfjs.
 */
export function fitsHeapKernels(a: Tensor, b: Tensor, transpose: Transposes): boolean {
  const { m, n } = sizesOf(a, b, transpose);
  return m >= TILE && n >= PANEL;
}

/**
 * [batch, m, k] x [batch, k, n] -> [batch, m, n]; each factor is first transposed if requested.
 */
export function productInHeap(
  backend: Backend,
  a: Tensor3D,
  b: Tensor3D,
  transpose: Transposes,
): Tensor3D {
  const heap = heapOf(backend);
  const kernels = kernelsOf(heap);
  const { m, k, n } = sizesOf(a, b, transpose);
  const block = Math.max(TILE, wholes(BLOCK / k, TILE));
  const output = heap.makeOutput([a.shape[0], m, n], 'float32');
  const scratch = heap.makeOutput([(block + n + PANEL) * k], 'float32');
  const at = ({ dataId }: TensorInfo) => heap.getMemoryOffset(dataId);
  const tiles = at(scratch);
  const panels = tiles + block * k * FLOAT;
  const left: Side = transpose.a
    ? { pack: kernels.tilesOfColumns, stride: m * FLOAT, step: FLOAT }
    : { pack: kernels.tilesOfRows, stride: k * FLOAT, step: k * FLOAT };
  const right: Side = transpose.b
    ? { pack: kernels.panelsOfRows, stride: k * FLOAT, step: k * FLOAT }
    : { pack: kernels.panelsOfColumns, stride: n * FLOAT, step: FLOAT };
  for (let i = 0; i < a.shape[0]; i++) {
    const [from, other, to] = [at(a) + i * m * k * FLOAT, at(b) + i * k * n * FLOAT, at(output)];
    const columns = spans(n, PANEL, n);
    let panel = panels;
    for (const { start, count } of columns) {
      right.pack(other + start * right.step, right.stride, count, k, panel);
      panel += count * k * FLOAT;
    }
    for (const rows of spans(m, TILE, block)) {
      left.pack(from + rows.start * left.step, left.stride, rows.count, k, tiles);
      panel = panels;
      for (const { start, count } of columns) {
        const y = to + ((i * m + rows.start) * n + start) * FLOAT;
        kernels.matMul(tiles, rows.count, k, panel, count / PANEL, y, n * FLOAT);
        panel += count * k * FLOAT;
      }
    }
  }
  heap.disposeData(scratch.dataId);
  return backend.tf.engine().makeTensorFromTensorInfo(output) as Tensor3D;
}

/**
 * How one factor is packed: the kernel, the bytes between its rows, and the bytes from one row or
 * column of a tile to the next.
 */
interface Side {
  pack: Pack;
  stride: number;
  step: number;
}

/**
 * Splits `length` rows or columns into blocks of whole tiles. Left-over rows form the end of one
 * more tile, which overlaps the previous one and computes some rows again.
 */
function spans(length: number, tile: number, block: number): { start: number; count: number }[] {
  const whole = wholes(length, tile);
  const blocks = Array.from({ length: Math.ceil(whole / block) }, (_, i) => ({
    start: i * block,
    count: Math.min(block, whole - i * block),
  }));
  return whole === length ? blocks : [...blocks, { start: length - tile, count: tile }];
}

/** The largest multiple of `tile` that is at most `value`. */
function wholes(value: number, tile: number): number {
  return Math.floor(value / tile) * tile;
}

function sizesOf(a: Tensor, b: Tensor, transpose: Transposes) {
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [m, k] = transpose.a ? [aColumns, aRows] : [aRows, aColumns];
  return { m, k, n: transpose.b ? bRows : bColumns };
}

function kernelsOf(heap: Heap): Kernels {
  const known = compiled.get(heap);
  if (known) return known;
  const functions = [
    packRows('tilesOfRows', TILE),
    packColumns('tilesOfColumns', TILE),
    packRows('panelsOfRows', PANEL),
    packColumns('panelsOfColumns', PANEL),
    matMulKernel('matMul', false),
  ];
  const limits = { maxPages: MAX_PAGES, shared: false };
  const kernels = instantiate<Kernels>(functions, heap.wasm.asm.memory, limits);
  compiled.set(heap, kernels);
  return kernels;
}
