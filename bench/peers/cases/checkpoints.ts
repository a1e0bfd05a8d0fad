/** Checkpoints that were read wrongly once: what `trainer score` and `trainer sample` make of them today. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { readSafetensors, writeSafetensors } from '../../../base/safetensors/safetensors.ts';
import { writeCrops } from '../../../demo/crops.ts';
import { makeCheckpoint } from '../../../test/helpers/checkpoint.ts';

interface Case {
  name: string;
  /** @returns what is wrong, if anything */
  run(folder: string): Promise<string | undefined>;
}

const NORM = 'model.norm.weight';
const weightsOf = (dir: string) => join(dir, 'model.safetensors');

export const checkpointCases: Case[] = [
  {
    name: 'a checkpoint that says tied and holds another lm_head',
    async run(folder) {
      const plain = await make(folder, 'plain');
      const tied = join(folder, 'tied');
      await cp(plain, tied, { recursive: true });
      await editConfig(tied, { tie_word_embeddings: true });
      const [expected, found] = [await score(plain, folder), await score(tied, folder)];
      if (found.stdout === '') return found.stderr;
      return found.stdout === expected.stdout ? undefined : 'the output layer was not used';
    },
  },
  {
    name: 'safetensors with an F64 tensor',
    async run(folder) {
      const plain = await make(folder, 'plain');
      const wide = join(folder, 'wide');
      await cp(plain, wide, { recursive: true });
      await widen(weightsOf(wide), NORM);
      const [expected, found] = [await score(plain, folder), await score(wide, folder)];
      if (found.stdout === '') return found.stderr;
      return found.stdout === expected.stdout ? undefined : 'another score';
    },
  },
  {
    name: 'a NaN weight',
    async run(folder) {
      const dir = await make(folder, 'nan');
      const { tensors } = await readSafetensors(weightsOf(dir));
      tensors.get(NORM)!.data[5] = Number.NaN;
      await writeSafetensors(weightsOf(dir), tensors);
      const to = join(folder, 'samples');
      const sample = ['sample', '--checkpoint', dir, '--num', '1', '--to', to];
      for (const { exitCode, stderr } of [await score(dir, folder), await trainer(sample)]) {
        if (exitCode === 0) return 'it ended with 0';
        if (!stderr.includes(NORM)) return `the tensor is not named: ${stderr}`;
      }
      return undefined;
    },
  },
];

async function make(folder: string, name: string): Promise<string> {
  const dir = join(folder, name);
  await makeCheckpoint(dir);
  return dir;
}

async function editConfig(dir: string, changes: object): Promise<void> {
  const path = join(dir, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8'));
  await writeFile(path, JSON.stringify({ ...config, ...changes }));
}

/** One tensor as F64, put behind all others. */
async function widen(path: string, name: string): Promise<void> {
  const file = await readFile(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.subarray(8, 8 + length).toString());
  const data = file.subarray(8 + length);
  const [start, end] = header[name].data_offsets;
  const values = new Float32Array(new Uint8Array(data.subarray(start, end)).buffer);
  const parts = [data.subarray(0, start), data.subarray(end)];
  for (const entry of Object.values(header) as { data_offsets?: number[] }[]) {
    const { data_offsets: offsets } = entry;
    if (offsets && offsets[0] >= end) entry.data_offsets = offsets.map((at) => at - end + start);
  }
  const at = data.length - (end - start);
  header[name] = { ...header[name], dtype: 'F64', data_offsets: [at, at + 8 * values.length] };
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(json.length));
  const wide = Buffer.from(Float64Array.from(values).buffer);
  await writeFile(path, Buffer.concat([size, json, ...parts, wide]));
}

async function score(checkpoint: string, folder: string) {
  const [file] = await writeCrops(join(folder, 'crops'), 1);
  return trainer(['score', '--checkpoint', checkpoint, file, '--json']);
}

function trainer(args: string[]) {
  return execa('node', ['bin/trainer.js', ...args], { reject: false });
}
