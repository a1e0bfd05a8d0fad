/**
 * The paper's evaluation (section 5) as one resumable run: prompts, completions, features, distances and
 * the table are files, each of which appears whole. A command that was stopped goes on by being run again.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { removeUnfinishedFiles, replaceFile } from '../../base/atomic-file.ts';
import { CodecLmError } from '../../base/error.ts';
import { readError } from '../../base/file-error.ts';
import { makeFolder } from '../../base/files.ts';
import { takeLock } from '../../base/lock/lock.ts';
import { resolveOptions } from '../../base/options.ts';
import { type BackendChoice, chooseBackend } from '../../compute/choose.ts';
import { giveBackMemory } from '../../compute/memory.ts';
import {
  type EvaluationSettingsInput,
  type EvaluationTable,
  evaluationSchema,
  PROTOCOL_VERSION,
  type ProtocolPlan,
  protocolPlanSchema,
} from '../../schemas/protocol.ts';
import type { Communicator } from '../../trainer/distributed/communicator.ts';
import { coresOfRank, rankZeroFirst } from '../../trainer/distributed/share.ts';
import { single } from '../../trainer/distributed/single.ts';
import { checkpointHash } from '../../trainer/sample/load.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { doubleMath } from '../distances/double-math.ts';
import { openNetwork } from '../networks/open.ts';
import type { Resize } from '../pictures/resize.ts';
import { choosePictures } from './choose.ts';
import { drawCompletions } from './completions.ts';
import { Distances } from './distances.ts';
import { type ForeignSet, foreignSets, parseRows, pasteSets } from './elsewhere.ts';
import type { ProtocolEvent } from './events.ts';
import { FeatureStore } from './feature-store.ts';
import { conditionsOf, Layout } from './layout.ts';
import { markdownOf } from './markdown.ts';
import { evaluationPage } from './page.ts';
import { enterPlan } from './plan.ts';
import { preparePictures, sizesOf } from './prepare.ts';
import { referenceList } from './sets.ts';
import { makeTable, measuredOf, type RowSets, rowSets } from './table.ts';
import { type DrawingWork, goOnUnlessStopped } from './work.ts';

export interface EvaluationOptions extends EvaluationSettingsInput {
  /** Folder of pictures, with all folders below it; those of one class may lie in a folder of its name. */
  images: string;
  /** Folder of the evaluation: a new one, or one to go on with. */
  to: string;
  /** File of a network's weights; without it the table has no distances. */
  features?: string;
  resize?: Resize;
  /** Models that ran elsewhere, `NAME=DIR` each. */
  rows?: readonly string[];
  /** Samples drawn at once, and cores; neither changes what is drawn. */
  batchSize?: number;
  threads?: number;
  backend?: BackendChoice;
  /** Ranks that share the work, each of which calls this function with the same options. */
  communicator?: Communicator;
  onEvent?: (event: ProtocolEvent) => void;
  signal?: AbortSignal;
}

export interface Evaluation {
  readonly table: EvaluationTable;
  readonly files: { readonly table: string; readonly markdown: string; readonly page: string };
}

/**
 * @returns in rank 0 the table, in others undefined
 * @throws CodecLmError `USAGE` for a model of clips; `OUTPUT_IN_USE` for an evaluation with other settings;
 *   `COMPLETIONS_MISMATCH`; an input's code that names the picture; `CHECKPOINT_INVALID`, `DISK_FULL`,
 *   `INTERRUPTED`: what is finished is kept
 */
export async function runEvaluation(
  model: Model,
  { communicator = single, ...options }: EvaluationOptions,
): Promise<Evaluation | undefined> {
  const {
    images,
    to,
    features,
    resize = 'clean',
    rows = [],
    batchSize = 16,
    backend,
    ...rest
  } = options;
  const { onEvent, signal, threads: cores, ...given } = rest;
  const layout = new Layout(to);
  const { rank, size } = communicator;
  checkMedium(model);
  const settings = resolveOptions(evaluationSchema, given, 'runEvaluation');
  if (conditionsOf(settings).length === 0) {
    throw new CodecLmError(
      'CONFIG_INVALID',
      'runEvaluation: no ratios and not unconditional: nothing is left to draw',
    );
  }
  await makeFolder(to);
  const lock = await takeLock({
    folder: layout.lock,
    what: `the evaluation ${to}`,
    rank,
    size,
    signal,
  });
  try {
    const { plan, foreign } = await rankZeroFirst(communicator, async () => {
      const wanted = await evaluationPlan(model, images, settings);
      if (rank === 0) {
        await enterPlan(layout, wanted);
        // The other ranks have not begun, and the lock keeps everybody else out.
        await removeUnfinishedFiles(to);
      }
      const sets = [];
      for (const [name, folder] of parseRows(rows)) {
        sets.push(...(await foreignSets(name, folder, wanted)));
      }
      return { plan: wanted, foreign: sets };
    });
    const emit = rank === 0 ? onEvent : undefined;
    const threads = cores ?? (await coresOfRank(communicator));
    const common = { layout, plan, communicator, onEvent: emit, signal };
    const work: DrawingWork = { ...common, model, batchSize, threads };
    tellPast(work);
    await preparePictures(work);
    await pasteSets(work, foreign);
    await drawCompletions(work);
    await model.close();
    await communicator.barrier();
    return await measure(work, communicator, { foreign, features, resize, backend });
  } finally {
    await lock.release();
  }
}

interface Measuring {
  foreign: readonly ForeignSet[];
  features?: string;
  resize: Resize;
  backend?: BackendChoice;
}

async function measure(
  work: DrawingWork,
  communicator: Communicator,
  { foreign, features, resize, backend: choice }: Measuring,
): Promise<Evaluation | undefined> {
  const { onEvent, model } = work;
  const rows = await rowSets(work, foreign);
  const notes = [...notesOf(work), ...engineNotes(rows)];
  if (features === undefined) {
    notes.push(
      'no network of features was named (`features`): the tables of distances, KID, precision and recall are left out',
    );
    return communicator.rank === 0 ? finish(work, rows, undefined, { notes }) : undefined;
  }
  const backend = await chooseBackend({ backend: choice, onEvent });
  const network = await openNetwork(features, backend);
  try {
    const sha256 = await fileHash(features);
    const store = new FeatureStore(work.layout.features, { sha256, resize });
    const references = sizesOf(work).flatMap((isHalf) =>
      (['raw', 'canonical'] as const).map((kind) => referenceList(work, model.codec, kind, isHalf)),
    );
    const drawn = rows.flatMap(({ byCondition }) => [...byCondition.values()].flat());
    const lists = [...references, ...drawn.map(({ list }) => list)];
    await store.compute(work, lists, { backend, network });
    // Distances need memory of their own.
    network.dispose();
    giveBackMemory();
    await communicator.barrier();
    const distances = new Distances(work, store, doubleMath(backend));
    const pairs = measuredOf(work, model.codec, rows).flatMap((each) => each.pairs);
    await distances.computeShare(pairs);
    await communicator.barrier();
    if (communicator.rank > 0) return undefined;
    const { name, distance, dims } = network;
    const count = work.plan.pictures.length;
    if (count < dims) {
      notes.push(
        `${count} pictures are fewer than the ${dims} features: the distances are far too large, and only to be compared with others of as many pictures; KID is not biased`,
      );
    }
    return await finish(work, rows, distances, {
      notes,
      network: { name, distance, sha256, resize },
    });
  } finally {
    network.dispose();
  }
}

async function finish(
  work: DrawingWork,
  rows: readonly RowSets[],
  distances: Distances | undefined,
  facts: { notes: string[]; network?: EvaluationTable['network'] },
): Promise<Evaluation> {
  const { layout, model } = work;
  const table = await makeTable(work, model.codec, rows, distances, facts);
  await replaceFile(layout.table, `${JSON.stringify(table, null, 2)}\n`);
  await replaceFile(layout.markdown, markdownOf(table));
  await replaceFile(layout.page, await evaluationPage(work, model.codec, table, rows));
  return {
    table,
    files: { table: layout.table, markdown: layout.markdown, page: layout.page },
  };
}

/** @throws CodecLmError `USAGE` for a codec of clips */
export function checkMedium({ codec, path }: Pick<Model, 'codec' | 'path'>): void {
  const { media, title, documentNoun } = codec.definition;
  if (media === 'images') return;
  throw new CodecLmError(
    'USAGE',
    `${path} is a model of ${title}; the protocol of the paper measures images, not ${documentNoun}s`,
    {
      path,
      hint: 'continue clips with `trainer sample --prompt-frames`, and measure frames in folders with `trainer evaluate compare`',
    },
  );
}

/** @throws CodecLmError of choosing the pictures; `TOOL_MISSING`, `INPUT_NOT_FOUND` for what the codec needs */
export async function evaluationPlan(
  model: Model,
  images: string,
  settings: ReturnType<typeof evaluationSchema.parse>,
): Promise<ProtocolPlan> {
  const { codec, path, weights = 'as stored', cache = 'as weights', engine = 'auto' } = model;
  const encoder = await codec.encoder();
  const { width, height, definition, seqLen } = codec;
  return protocolPlanSchema.parse({
    version: PROTOCOL_VERSION,
    checkpoint: { path, sha256: await checkpointHash(model), weights, cache, engine },
    codec: { name: definition.name, settings: encoder.settings, width, height },
    settings: { ...settings, maxTokens: settings.maxTokens ?? seqLen },
    images: resolve(images),
    pictures: await choosePictures(images, settings),
  });
}

function tellPast({ model, plan, onEvent }: DrawingWork): void {
  const { maxTokens: tokens } = plan.settings;
  const trained = model.codec.seqLen;
  if (tokens > trained) onEvent?.({ type: 'past-trained-length', trained, tokens });
}

function notesOf(work: DrawingWork): string[] {
  goOnUnlessStopped(work);
  const { settings, pictures } = work.plan;
  if (pictures.length >= settings.num) return [];
  return [
    `${pictures.length} pictures were found, fewer than the ${settings.num} that were asked for`,
  ];
}

function engineNotes(rows: readonly RowSets[]): string[] {
  const sets = rows.flatMap(({ byCondition }) => [...byCondition.values()].flat());
  const engines = new Set(sets.flatMap(({ engines: names }) => [...names]));
  return [...engines].map(
    (name) =>
      `drawn by ${name}: completions depend a little on what is drawn beside them, so another run with these seeds may differ; engine wasm gives the same ones`,
  );
}

async function fileHash(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    throw readError(error, path);
  }
  return hash.digest('hex');
}
