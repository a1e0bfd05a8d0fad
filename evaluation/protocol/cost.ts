/** What an evaluation would take, before anything is drawn. */
import { join } from 'node:path';
import { resolveOptions } from '../../base/options.ts';
import { type EvaluationSettingsInput, evaluationSchema } from '../../schemas/protocol.ts';
import { flopsPerToken } from '../../trainer/estimate/flops.ts';
import { headSize, type LlamaConfig, parameterCount } from '../../trainer/model/config.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { promptOfDocument } from '../../trainer/sample/prompt.ts';
import { choosePictures, readChosen } from './choose.ts';
import { conditionsOf, drawsOf, givenShare } from './layout.ts';
import { asPng, halved, seenPixels } from './rasters.ts';
import { checkMedium } from './run.ts';

/** Pictures that are encoded to find out how long documents are. */
const SAMPLED = 128;

/** Bytes of a weight, key or value, as bf16. */
const BYTES = 2;

/** Share of a machine's peak that an engine for many sequences reaches, by rule of thumb. */
const REACHED = 0.5;
/** Share of the memory that weights, keys and values may take. */
const USABLE = 0.9;
const MOST_AT_ONCE = 256;

/** Peaks of the makers' data sheets: dense bf16 operations and bytes of memory a second. */
const MACHINES = [
  { name: 'A100 80GB SXM', flops: 312e12, bandwidth: 2.039e12, memory: 80e9 },
  { name: 'H100 80GB SXM', flops: 989e12, bandwidth: 3.35e12, memory: 80e9 },
  { name: 'H200 141GB SXM', flops: 989e12, bandwidth: 4.8e12, memory: 141e9 },
] as const;

export interface ConditionCost {
  readonly id: string;
  readonly title: string;
  readonly completions: number;
  /** Tokens of the prompts, and tokens that are drawn. */
  readonly tokensGiven: number;
  readonly tokensDrawn: number;
}

export interface MachineCost {
  readonly name: string;
  /** Sequences at once; 0 where the model does not fit. */
  readonly batch: number;
  readonly hours: number | null;
}

export interface Cost {
  readonly pictures: number;
  /** Pictures whose documents were counted; the others are taken to be like them. */
  readonly sampled: number;
  readonly tokensPerDocument: number;
  readonly parameters: number;
  readonly conditions: readonly ConditionCost[];
  readonly tokensGiven: number;
  readonly tokensDrawn: number;
  /** Forward pass alone, by the convention of `trainer estimate`. */
  readonly flops: number;
  /** Pictures whose features a network would compute. */
  readonly featurePictures: number;
  readonly machines: readonly MachineCost[];
}

/** @throws CodecLmError as `runEvaluation` before it draws */
export async function costOf(
  model: Model,
  { images, ...given }: EvaluationSettingsInput & { images: string },
): Promise<Cost> {
  checkMedium(model);
  const settings = resolveOptions(evaluationSchema, given, 'costOf');
  const pictures = await choosePictures(images, settings);
  const count = Math.min(SAMPLED, pictures.length);
  const sample = Array.from(
    { length: count },
    (_, i) => pictures[Math.floor((i * pictures.length) / count)],
  );
  const conditions = conditionsOf(settings);
  const sums = new Map(conditions.map(({ id }) => [id, { given: 0, whole: 0 }]));
  const { codec, tokenizer, config } = model;
  const { tokenHealing } = settings;
  const encoder = await codec.encoder();
  let tokens = 0;
  for (const chosen of sample) {
    const file = await readChosen(images, chosen);
    const seen = { width: codec.width, height: codec.height, settings: encoder.settings };
    const whole = await seenPixels(file, join(images, chosen.name), seen);
    for (const isHalf of settings.halfSize ? [false, true] : [false]) {
      const png = await asPng(isHalf ? halved(whole) : whole);
      const { symbols } = await encoder.encode(png, chosen.name);
      // With <bos> and <eos>.
      const length = tokenizer.encode(symbols).length + 2;
      if (!isHalf) tokens += length;
      for (const condition of conditions.filter((each) => each.isHalf === isHalf)) {
        const sum = sums.get(condition.id)!;
        const end = codec.cut(symbols, codec.cutOfShare(givenShare(condition, codec)));
        const isPrompted = condition.ratio !== undefined;
        const prompt = () => promptOfDocument(symbols, end, { name: '', tokenizer, tokenHealing });
        sum.given += isPrompted ? prompt().ids.length : 1;
        sum.whole += length;
      }
    }
  }
  const completions = pictures.length * settings.seeds * drawsOf(settings).length;
  const costs = conditions.map(({ id, title }): ConditionCost => {
    const { given: prompt, whole } = sums.get(id)!;
    const times = completions / count;
    const tokensDrawn = Math.round((whole - prompt) * times);
    return { id, title, completions, tokensGiven: Math.round(prompt * times), tokensDrawn };
  });
  const total = (key: 'tokensGiven' | 'tokensDrawn') =>
    costs.reduce((sum, each) => sum + each[key], 0);
  const length = tokens / count;
  const perToken = flopsPerToken(config, length) / 3;
  const [tokensGiven, tokensDrawn] = [total('tokensGiven'), total('tokensDrawn')];
  const references = settings.halfSize ? 4 : 2;
  return {
    pictures: pictures.length,
    sampled: count,
    tokensPerDocument: length,
    parameters: parameterCount(config),
    conditions: costs,
    tokensGiven,
    tokensDrawn,
    flops: perToken * (tokensGiven + tokensDrawn),
    featurePictures: pictures.length * references + completions * conditions.length,
    machines: MACHINES.map((machine) =>
      hoursOn(machine, config, { tokensGiven, tokensDrawn, length, perToken }),
    ),
  };
}

interface Load {
  tokensGiven: number;
  tokensDrawn: number;
  /** Tokens of a document. */
  length: number;
  perToken: number;
}

/**
 * Drawing reads all weights at each step, and the keys and values of each sequence, half of which are
 * there on average; reading prompts is bound by arithmetic.
 */
function hoursOn(
  { name, flops, bandwidth, memory }: (typeof MACHINES)[number],
  config: LlamaConfig,
  { tokensGiven, tokensDrawn, length, perToken }: Load,
): MachineCost {
  const weights = BYTES * parameterCount(config);
  const perPosition = 2 * BYTES * config.layers * config.kvHeads * headSize(config);
  const room = (USABLE * memory - weights) / (perPosition * length);
  const batch = Math.max(0, Math.min(MOST_AT_ONCE, Math.floor(room)));
  if (batch === 0) return { name, batch, hours: null };
  const bytes = weights + (batch * perPosition * length) / 2;
  const step = Math.max(bytes / bandwidth, (batch * perToken) / flops);
  const seconds = (tokensDrawn / batch) * step + (tokensGiven * perToken) / flops;
  return { name, batch, hours: seconds / REACHED / 3600 };
}
