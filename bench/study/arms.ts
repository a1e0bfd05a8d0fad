/** Runs the arms: data, training, bits of held-out pictures, completions. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EvaluationTable } from '../../schemas/protocol.ts';
import type { CodecMeans } from '../../tokenizer/compare/page.ts';
import { readMetrics } from '../../trainer/index.ts';
import { type Side, type StudyCorpus, studyCorpus } from './corpus.ts';
import { figuresOf } from './distances.ts';
import {
  type Arm,
  armsOf,
  MODEL,
  OPTIM,
  type StudySize,
  sizeOf,
  VQ_CONFIG,
  VQ_SIZE,
} from './plan.ts';
import { writeStudy } from './report/report.ts';
import { type ArmResult, bitsOfScores, type Drawn, type VqResult } from './result.ts';
import { Steps } from './steps.ts';

export interface StudyOptions {
  scale: number;
  /** Names of the arms to run; all, where none is given. Those that have been run are reported too. */
  arms?: readonly string[];
  to: string;
  /** Weights of the network that tells distances; without it there are none. */
  features?: string;
  doc: string;
}

/** Evaluations of a training run, beside the last. */
const EVALUATIONS = 4;
const PICTURES_COMPARED = 48;

/** @throws Error for an arm of another name, and when a command fails */
export async function runStudy(options: StudyOptions): Promise<void> {
  const size = sizeOf(options.scale);
  const root = join(options.to, `scale-${options.scale}`);
  const places = { root, vqModel: join(root, 'vq') };
  const steps = new Steps(root, { CODEC_LM_VQ: places.vqModel });
  const corpus = await studyCorpus(options.to);
  const arms = armsOf(size, places.vqModel, join(root, 'data-pixels', 'dataset.json'));
  const unknown = options.arms?.find((name) => !arms.some((arm) => arm.name === name));
  if (unknown !== undefined) {
    throw new Error(`no arm is named ${unknown}: ${arms.map(({ name }) => name).join(', ')}`);
  }
  const study = new Study({ options, size, corpus, steps, ...places });
  const results: ArmResult[] = [];
  for (const arm of arms) {
    const isAsked = options.arms === undefined || options.arms.includes(arm.name);
    if (!isAsked && !(await study.hasRun(arm))) continue;
    results.push(await study.arm(arm));
    const missing = arms.filter(({ name }) => !results.some(({ arm }) => arm.name === name));
    await writeStudy(options.doc, {
      ...{ size, results, missing, vq: study.vq, scored: corpus(128).scored.length },
      command: `npm run study -- --scale ${options.scale}`,
    });
  }
}

interface StudyState {
  options: StudyOptions;
  size: StudySize;
  corpus: (side: Side) => StudyCorpus;
  steps: Steps;
  root: string;
  vqModel: string;
}

class Study {
  readonly #is: StudyState;
  vq: VqResult | undefined;

  constructor(state: StudyState) {
    this.#is = state;
  }

  hasRun(arm: Arm): Promise<boolean> {
    return this.#is.steps.isDone(lastStepOf(arm));
  }

  async arm(arm: Arm): Promise<ArmResult> {
    const { steps, root } = this.#is;
    const corpus = this.#is.corpus(arm.side);
    if (arm.isVq) await this.#learnVq();
    const { name, dataOf = name } = arm;
    const data = join(root, `data-${dataOf}`);
    const source = arm.kind === 'dial' ? `@${corpus.dials}` : corpus.train;
    const packed = await steps.run(`data-${dataOf}`, 'pipeline', [
      ...['run', 'images', source, ...arm.options, '--val-fraction', '0.005', '--out', data],
    ]);
    const run = join(root, `run-${name}`);
    const fit = [
      ...['fit', '--preset', 'tiny', '--data', data, '--out', run, '--json'],
      ...settingsOf(arm),
    ];
    const again = existsSync(join(run, 'config.yaml'))
      ? ['fit', '--resume', '--out', run, '--json']
      : fit;
    const trained = await steps.run(`fit-${name}`, 'trainer', fit, again);
    const scored = await steps.run(`score-${name}`, 'trainer', [
      ...['score', '--checkpoint', run, '--json', ...corpus.scored],
    ]);
    const isMain = arm.kind === 'main';
    const drawn = isMain ? await this.#evaluate(arm, run) : undefined;
    const healed = isMain && arm.hasMerges ? await this.#evaluate(arm, run, true) : undefined;
    return {
      arm,
      manifest: await readJson(join(data, 'dataset.json')),
      metrics: await readMetrics(run),
      bits: bitsOfScores(scored.stdout),
      kept: await this.#kept(arm),
      drawn,
      healed,
      seconds: { data: packed.seconds, fit: trained.seconds },
    };
  }

  /** PSNR and bits of the codec. */
  async #kept({ name, side, compared }: Arm): Promise<CodecMeans> {
    const { steps, root, corpus } = this.#is;
    const { stdout } = await steps.run(`compare-${name}`, 'tokenizer', [
      ...['compare', corpus(side).held, '--num', String(PICTURES_COMPARED), '--json'],
      ...['--to', join(root, `compare-${name}.html`), '--codec', compared],
    ]);
    return JSON.parse(stdout);
  }

  async #learnVq(): Promise<void> {
    const { steps, root, corpus, size, vqModel } = this.#is;
    const config = join(root, 'vq.json');
    await mkdir(root, { recursive: true });
    await writeFile(config, `${JSON.stringify(VQ_CONFIG, null, 2)}\n`);
    const { stdout, seconds } = await steps.run('vq-model', 'tokenizer', [
      ...[
        'train',
        '--codec',
        'vq',
        corpus(32).train,
        '--to',
        vqModel,
        '--config',
        config,
        '--json',
      ],
      ...['--size', String(VQ_SIZE), '--steps', String(size.vqSteps), '--samples', '12000'],
    ]);
    this.vq = { ...JSON.parse(stdout), seconds };
  }

  async #evaluate(arm: Arm, run: string, isHealed = false): Promise<Drawn> {
    const { steps, root, size, options } = this.#is;
    const name = isHealed ? `evaluation-${arm.name}-healed` : `evaluation-${arm.name}`;
    const evaluation = join(root, name);
    const { seconds } = await steps.run(name, 'trainer', [
      ...[
        'evaluate',
        'run',
        '--checkpoint',
        run,
        '--images',
        this.#is.corpus(arm.side).held,
        '--to',
        evaluation,
      ],
      ...['--num', String(size.evaluated), '--seeds', String(size.seeds)],
      ...[isHealed ? '--token-healing' : '--unconditional', '--json', '--batch', '32'],
    ]);
    const table: EvaluationTable = await readJson(join(evaluation, 'table.json'));
    if (options.features === undefined) return { evaluation, seconds, table };
    const path = join(evaluation, 'figures.json');
    if (!existsSync(path)) {
      const figures = await figuresOf(evaluation, table, options.features);
      await writeFile(path, `${JSON.stringify(figures)}\n`);
    }
    return { evaluation, seconds, table, figures: await readJson(path) };
  }
}

function lastStepOf({ kind, name }: Arm): string {
  return kind === 'main' ? `evaluation-${name}` : `score-${name}`;
}

function settingsOf({ steps, microBatch, seqLen, seed }: Arm): string[] {
  const pairs = {
    ...Object.fromEntries(Object.entries(MODEL).map(([key, value]) => [`model.${key}`, value])),
    ...Object.fromEntries(Object.entries(OPTIM).map(([key, value]) => [`optim.${key}`, value])),
    ...{ 'train.steps': steps, 'train.microBatch': microBatch, 'train.gradAccumulation': 1 },
    ...{ 'train.seqLen': seqLen, 'train.seed': seed, 'data.docMask': true },
    ...{ 'train.evalEvery': Math.max(1, Math.floor(steps / EVALUATIONS)), 'train.evalBatches': 0 },
    ...{ 'train.saveEvery': 100, 'train.keepLast': 1 },
  };
  return Object.entries(pairs).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
}

async function readJson(path: string) {
  return JSON.parse(await readFile(path, 'utf8'));
}
