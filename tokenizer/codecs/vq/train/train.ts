/**
 * Trains a VQ model on pictures: a VQ-VAE (van den Oord et al. 2017) with the convolutions of diffusers'
 * `VQModel`, and saves it as diffusers does. The same command continues what was stopped or killed.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CodecLmError } from '../../../../base/error.ts';
import { makeFolder } from '../../../../base/files.ts';
import { takeLock } from '../../../../base/lock/lock.ts';
import { chooseBackend } from '../../../../compute/choose.ts';
import type { TrainingResult, TrainingRun } from '../../training.ts';
import type { VqConfig } from '../config.ts';
import { architectureOf } from './architectures.ts';
import { newestCheckpoint, saveVqCheckpoint } from './checkpoint.ts';
import { readMetrics, writeMetrics } from './metrics.ts';
import { type VqTrainOptions, vqTrainOptions } from './options.ts';
import { openPictures, splitPictures, type TrainingPictures } from './pictures.ts';
import { writeVqReport } from './report.ts';
import { VqSession } from './session.ts';
import { writeVqModel } from './write.ts';

/** Everything but the model is in this folder of the model's. */
const WORK_FOLDER = 'training';

export async function trainVq(run: TrainingRun): Promise<TrainingResult> {
  const options = run.options as VqTrainOptions;
  const config = await architectureOf(options);
  const dir = join(run.to, WORK_FOLDER);
  await makeFolder(dir);
  const lock = await takeLock({
    folder: join(dir, '.lock'),
    what: run.to,
    signal: run.signal,
  });
  try {
    const { onEvent, signal } = run;
    const pictures = await openPictures(run.inputs, dir, options, { signal, onEvent });
    try {
      return await trainOn(pictures, config, options, { ...run, dir, check: () => lock.check() });
    } finally {
      await pictures.close();
    }
  } finally {
    await lock.release();
  }
}

interface Place extends TrainingRun {
  dir: string;
  /** Throws when another process has the folder. */
  check(): Promise<void>;
}

async function trainOn(
  pictures: TrainingPictures,
  config: VqConfig,
  options: VqTrainOptions,
  { to, dir, onEvent, signal, check }: Place,
): Promise<TrainingResult> {
  const key = keyOf(pictures, config, options);
  const found = await newestCheckpoint(dir);
  if (found && found.key !== key) {
    throw new CodecLmError('DATASET_MISMATCH', `${found.path} was trained with other options`, {
      path: found.path,
      hint: 'name the same options again, or another folder as `to`',
    });
  }
  const split = splitPictures(pictures.count, options);
  const backend = await chooseBackend();
  const session = new VqSession(backend, config, options, found);
  try {
    const { parameters } = session;
    const [inputs, heldOut, { steps }] = [split.train.length, split.val.length, options];
    onEvent({ type: 'begin', parameters, inputs, heldOut, steps });
    if (found) onEvent({ type: 'resume', checkpoint: found.path, step: found.step });
    const given = await pictures.read(split.val);
    const metrics = (await readMetrics(dir)).filter(({ step }) => step <= session.step);
    const save = async () => {
      await check();
      await writeMetrics(dir, metrics);
      await saveVqCheckpoint(dir, { ...(await session.content()), key }, check);
    };
    let isSaved = true;
    while (session.step < steps && !signal?.aborted) {
      const places = session.placesOf(session.step + 1, split.train);
      const figures = await session.advance(await pictures.read(places));
      const { step } = session;
      isSaved = false;
      onEvent({ type: 'step', step, steps, figures });
      if (step % options.evalEvery === 0 || step === steps) {
        const { drawn: _, ...measured } = await session.measure(given);
        metrics.push({ step, ...figures, ...measured });
        onEvent({ type: 'measured', step, figures: { ...measured } });
      }
      if (step % options.saveEvery === 0 || step === steps) {
        await save();
        isSaved = true;
      }
    }
    if (session.step < steps) {
      if (!isSaved && session.step > 0) await save();
      return { step: session.step, isFinished: false, figures: {}, files: [] };
    }
    const { drawn, ...figures } = await session.measure(given);
    await check();
    await writeVqModel(to, config, await session.content(), options.size);
    const files = await writeVqReport(to, {
      ...{ config, options, parameters, given, drawn, heldOut, pictures: inputs },
      measured: metrics.filter(({ psnr }) => psnr !== undefined),
    });
    return { step: session.step, isFinished: true, figures: { ...figures }, files };
  } finally {
    session.dispose();
  }
}

/** What the weights of a step depend on. */
function keyOf({ hash }: TrainingPictures, config: VqConfig, options: VqTrainOptions): string {
  // When it is measured or saved changes nothing.
  const { evalEvery: _e, saveEvery: _s, config: _c, ...rest } = vqTrainOptions.parse(options);
  const text = JSON.stringify([hash, config, rest]);
  return createHash('sha256').update(text).digest('hex');
}
