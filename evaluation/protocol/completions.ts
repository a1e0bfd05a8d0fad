/**
 * The second stage: draws the completions. Number i of seed s depends on nothing but the prompt, i and s,
 * so it is the same after any stop and for any number of ranks.
 */
import { join } from 'node:path';
import { replaceFile } from '../../base/atomic-file.ts';
import { makeFolder, namesIn } from '../../base/files.ts';
import { sharp } from '../../base/sharp.ts';
import { sampleSchema } from '../../schemas/sample.ts';
import { bytesOfSymbols, type Codec } from '../../tokenizer/index.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';
import { finishSample, lengthOf, type Sample } from '../../trainer/sample/finished.ts';
import { constraintsOf, drawAll } from '../../trainer/sample/generate.ts';
import { Meter } from '../../trainer/sample/meter.ts';
import {
  conditionsOf,
  type Draw,
  drawsOf,
  type PromptCondition,
  pictureName,
  seedsOf,
} from './layout.ts';
import { plannedOf } from './prepare.ts';
import { asPng } from './rasters.ts';
import { type DrawingWork, goOnUnlessStopped, ownPictures } from './work.ts';

/** Prompts that are in memory at once; the batch drains only behind each so many. */
const BLOCK = 256;

/** Shade of a picture of which nothing can be shown. */
const GREY = 128;

/** @throws CodecLmError `INTERRUPTED` after the signal; those of drawing and of the disk */
export async function drawCompletions(work: DrawingWork): Promise<void> {
  const { settings } = work.plan;
  for (const condition of conditionsOf(settings)) {
    for (const draw of drawsOf(settings)) {
      for (const seed of seedsOf(settings)) await drawSet(work, condition, draw, seed);
    }
  }
}

async function drawSet(
  work: DrawingWork,
  condition: PromptCondition,
  draw: Draw,
  seed: number,
): Promise<void> {
  const { layout, model, plan, signal, onEvent } = work;
  const folder = layout.drawn(condition, draw, seed);
  await makeFolder(folder);
  const done = new Set(await namesIn(folder));
  const own = ownPictures(work);
  // The description is written last, so it tells what is done.
  const left = own.filter((index) => !done.has(`${pictureName(index)}.json`));
  const { temperature, grammar, maxTokens } = plan.settings;
  const { batchSize, threads } = work;
  const { topK, topP } = draw;
  const settings = sampleSchema.parse({
    ...{ num: 1, temperature, topK, topP, seed, grammar, maxTokens, batchSize, threads },
  });
  let finished = own.length - left.length;
  const meter = new Meter(left.length);
  const what = `${condition.title}, top-k ${topK}, top-p ${topP}, seed ${seed}`;
  const tell = () => {
    const { tokensPerSecond } = meter;
    const place = { done: finished, total: own.length, tokensPerSecond };
    onEvent?.({ type: 'stage', stage: 'completions', what, ...place });
  };
  for (let at = 0; at < left.length; at += BLOCK) {
    goOnUnlessStopped(work);
    const block = left.slice(at, at + BLOCK);
    const plans = await Promise.all(block.map((index) => plannedOf(work, condition, index)));
    const constraints = constraintsOf(model, plans, settings);
    const drawing = { plans, settings, constraints, signal, onToken: () => meter.token() };
    // The same size each time: the engine stays loaded.
    const size = { sequences: batchSize, positions: maxTokens, threads };
    await model.useToDraw(size, (engine, drafter) =>
      drawAll(engine, model, { ...drawing, drafter }, async (drawn) => {
        const sample = await finishSample(drawn, model.codec);
        await writeCompletion(folder, sample, model.codec, engine);
        finished++;
        tell();
      }),
    );
    goOnUnlessStopped(work);
  }
  if (left.length > 0) tell();
}

/** The picture, then its description. A document that is not valid is shown as far as it goes. */
async function writeCompletion(
  folder: string,
  sample: Sample,
  codec: Codec,
  engine: Engine,
): Promise<void> {
  const { index, document, file: valid, reason } = sample;
  const name = pictureName(index);
  const file = `${name}${valid ? sample.extension : '.png'}`;
  await replaceFile(join(folder, file), valid ?? (await asFarAsItGoes(sample, codec)));
  if (!valid) await replaceFile(join(folder, `${name}.bin`), bytesOfSymbols(document));
  const { prompt, promptTokens, tokens, finish, logProbability, corrected } = sample;
  const description = {
    ...{ sample: index, file, prompt, promptTokens, tokens },
    ...lengthOf(document, codec.alphabet),
    ...{ finish, valid: valid !== null, reason, logProbability, corrected },
    ...(engine.isBatchDependent && { engine: engine.description }),
  };
  const text = `${JSON.stringify(description, null, 2)}\n`;
  await replaceFile(join(folder, `${name}.json`), text);
}

/** To leave a sample out because it is not valid would flatter the model. */
async function asFarAsItGoes({ document, given }: Sample, codec: Codec): Promise<Uint8Array> {
  const { width, height, still } = codec;
  const options = { failOn: 'none', limitInputPixels: width * height } as const;
  try {
    const shown = sharp(await still.draw(document, given), options).removeAlpha();
    return await shown.toColourspace('srgb').png().toBuffer();
  } catch {
    // A document without so much as a header: there is nothing to see.
    return asPng({ width, height, data: new Uint8Array(width * height * 3).fill(GREY) });
  }
}
