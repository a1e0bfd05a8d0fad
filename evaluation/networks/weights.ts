/** Reads all tensors of a file of weights: safetensors, or either form of torch. */
import { open } from 'node:fs/promises';
import { readError } from '../../base/file-error.ts';
import { readSafetensors } from '../../base/safetensors/safetensors.ts';
import { readFloats } from '../../base/safetensors/stored.ts';
import type { Weights } from '../../base/safetensors/weights.ts';
import { listTorchTensors } from '../../trainer/torch/file.ts';

/** The first two bytes of torch's archives, and of the pickles that it wrote before release 1.6. */
const TORCH: readonly Buffer[] = [Buffer.from('PK'), Buffer.of(0x80, 2)];
/** Counters of batch norm: whole numbers that nothing is computed from. */
const COUNTER = '.num_batches_tracked';

/** @throws CodecLmError `INPUT_NOT_FOUND`; `CHECKPOINT_INVALID` saying what is wrong with the file */
export async function readNetworkWeights(path: string): Promise<Weights> {
  const beginning = await beginningOf(path);
  if (TORCH.some((magic) => beginning.subarray(0, 2).equals(magic))) return readTorch(path);
  return (await readSafetensors(path)).tensors;
}

async function readTorch(path: string): Promise<Weights> {
  const weights: Weights = new Map();
  for (const [name, tensor] of await listTorchTensors(path)) {
    if (name.endsWith(COUNTER)) continue;
    weights.set(name, { shape: tensor.shape, data: await readFloats(name, tensor, path) });
  }
  return weights;
}

async function beginningOf(path: string): Promise<Buffer> {
  const file = await open(path).catch((error) => {
    throw readError(error, path);
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw readError(error, path);
  } finally {
    await file.close();
  }
}
