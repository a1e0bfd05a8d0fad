/** Distances of completions from the originals, by the features of a network. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compare, writeFeatures } from '../../evaluation/index.ts';
import type { EvaluationTable, Spread } from '../../schemas/protocol.ts';
import { psnr } from '../../tokenizer/codecs/pictures/similarity.ts';
import { rastersIn, writeRasters } from './rasters.ts';
import type { DrawnFigures, Figures } from './result.ts';

type Rasters = Map<string, Uint8Array>;

/**
 * @param evaluation folder of `trainer evaluate run`
 * @param features file of the network's weights
 */
export async function figuresOf(
  evaluation: string,
  { conditions }: EvaluationTable,
  features: string,
): Promise<DrawnFigures> {
  const scratch = join(evaluation, 'rasters');
  const originals = await rastersIn(join(evaluation, 'prompts/whole/originals'));
  await writeRasters(join(scratch, 'originals'), originals);
  const reference = join(scratch, 'originals.npz');
  const { network } = await writeFeatures(join(scratch, 'originals'), { features, to: reference });
  const measure = async (name: string, sets: readonly Rasters[], hasPrompt: boolean) => {
    const found: { fid: number; kid: number; psnr: number }[] = [];
    for (const [i, rasters] of sets.entries()) {
      const folder = join(scratch, `${name}-${i}`);
      await writeRasters(folder, rasters);
      const { fid, kid } = await compare(reference, folder, { features });
      found.push({ fid, kid: kid!.mean, psnr: meanPsnr(originals, rasters) });
    }
    const figures: Figures = {
      distance: spreadOf(found.map(({ fid }) => fid)),
      kid: spreadOf(found.map(({ kid }) => kid)),
    };
    return hasPrompt ? { ...figures, psnr: spreadOf(found.map(({ psnr }) => psnr)) } : figures;
  };
  const byCondition: Record<string, Figures> = {};
  for (const { id } of conditions) {
    const [draw] = await readdir(join(evaluation, 'completions', id));
    const seeds = await readdir(join(evaluation, 'completions', id, draw));
    const sets = await Promise.all(
      seeds.map((seed) => rastersIn(join(evaluation, 'completions', id, draw, seed))),
    );
    byCondition[id] = await measure(id, sets, id.startsWith('ratio-'));
  }
  const alone = [await rastersIn(join(evaluation, 'prompts/whole/canonical'))];
  const [even, odd] = [0, 1].map((rest) => [...originals].filter((_, i) => i % 2 === rest));
  const halves = ['even', 'odd'].map((name) => join(scratch, name));
  await writeRasters(halves[0], even);
  await writeRasters(halves[1], odd);
  const { fid, kid } = await compare(halves[0], halves[1], { features });
  return {
    network,
    conditions: byCondition,
    alone: await measure('alone', alone, true),
    halves: { distance: spreadOf([fid]), kid: spreadOf([kid!.mean]) },
  };
}

function meanPsnr(originals: Rasters, rasters: Rasters): number {
  const all = [...rasters].flatMap(([name, pixels]) => {
    const original = originals.get(name);
    return original === undefined ? [] : [psnr(original, pixels)];
  });
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = values.length < 2 ? null : Math.sqrt(squares / (values.length - 1));
  return { mean, deviation, values: [...values] };
}
