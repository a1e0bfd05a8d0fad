/**
 * What can be asked of a model without any network of features: does it keep the syntax, where does it
 * spend its bits, does it notice and mend damage, can it tell sources apart, do its clips go on as the
 * originals do (the first four after Pérez et al., arXiv 2405.17146).
 */
import { availableParallelism } from 'node:os';
import type { z } from 'zod';
import { CodecLmError } from '../../base/error.ts';
import { resolveOptions } from '../../base/options.ts';
import { PROBES, type ProbeName, type ProbeSettings, probeSchema } from '../../schemas/probes.ts';
import type { Codec, Symbols } from '../../tokenizer/index.ts';
import type { Communicator } from '../../trainer/distributed/communicator.ts';
import { coresOfRank, rankZeroFirst } from '../../trainer/distributed/share.ts';
import { single } from '../../trainer/distributed/single.ts';
import type { SampleProgress } from '../../trainer/events.ts';
import type { Model } from '../../trainer/sample/model.ts';
import { bitsOfSymbols, bitsOfTokens } from '../../trainer/score/document.ts';
import { type ClassesResult, classesOf } from './classes.ts';
import { type ClipsResult, probeClips } from './clips.ts';
import {
  type Damaged,
  type DamageResult,
  damage,
  damageResult,
  numbersOfOutcome,
  OUTCOME_NUMBERS,
  outcomeOf,
} from './damage.ts';
import { placesByBits } from './places.ts';
import {
  eachScored,
  type ProbedFile,
  type ProbeEvent,
  readInputs,
  type Scoring,
  scoreAll,
} from './scoring.ts';
import { bySurprise, rankNextSymbol } from './surprise.ts';
import { SyntaxProbe, type SyntaxResult } from './syntax.ts';
import { probeValidity, type ValidityResult } from './validity.ts';

export interface ProbeOptions extends z.input<typeof probeSchema> {
  /** Probes to run; default all that the files and the codec allow. */
  only?: readonly ProbeName[];
  /** Files or folders of another class, for the probe `classes`. */
  against?: readonly string[];
  /**
   * Ranks that share the work, each of which calls this function with the same options and gets all
   * results; default this process alone. Results are the same for any number of ranks.
   */
  communicator?: Communicator;
  /** Told in rank 0. */
  onEvent?: (event: ProbeEvent) => void;
  /** Ends before the next document, with `INTERRUPTED`. */
  signal?: AbortSignal;
}

/** Those that ran. */
export interface ProbeResults {
  readonly syntax?: SyntaxResult;
  readonly damage?: DamageResult;
  readonly classes?: ClassesResult;
  readonly validity?: ValidityResult;
  readonly clips?: ClipsResult;
}

type DamagedInput = Damaged & { readonly ids: Uint16Array; readonly undamaged: Symbols };

/**
 * @param paths files of the kind that the model was trained on, or folders of them
 * @throws CodecLmError `INPUT_NOT_FOUND`, `INPUT_EMPTY`, or an input's code that names the file;
 *   `CHECKPOINT_INVALID`, `NOT_FINITE`; `USAGE` for a probe that these files do not allow; `INTERRUPTED`
 */
export async function probeModel(
  model: Model,
  paths: readonly string[],
  { only, against = [], communicator = single, signal, ...rest }: ProbeOptions = {},
): Promise<ProbeResults> {
  const { onEvent: tell, ...given } = rest;
  const onEvent = communicator.rank === 0 ? tell : undefined;
  const settings = resolveOptions(probeSchema, given, 'probeModel');
  const wanted = wantedProbes(model.codec, only, { ...settings, against });
  const [inputs, others] = await rankZeroFirst(communicator, async () => [
    await readInputs(model, paths),
    wanted.has('classes') ? await readInputs(model, against) : [],
  ]);
  const damaged = wanted.has('damage') ? damagedCopies(model, inputs, settings) : [];
  const ids = [...inputs, ...others].map(({ document }) => document.ids);
  const positions = Math.max(...[...ids, ...damaged.map((copy) => copy.ids)].map((i) => i.length));
  const threads = settings.threads ?? (await coresOfRank(communicator)) ?? availableParallelism();
  const scoring: Scoring = { model, threads, positions, communicator, onEvent, signal };
  const needsScores = wanted.has('syntax') || wanted.has('classes');
  const scores = needsScores ? await scoreAll(scoring, 'syntax', inputs) : [];
  const drawing = (name: ProbeName) => ({
    ...drawSettings(settings),
    ...{ threads, communicator, signal },
    onEvent: (event: SampleProgress | { type: string }) => {
      if (!('samples' in event)) return;
      onEvent?.({ type: 'probe', probe: name, done: event.samples, total: event.total });
    },
  });
  const results: { -readonly [Key in keyof ProbeResults]: ProbeResults[Key] } = {};
  if (wanted.has('syntax')) results.syntax = syntaxOf(model, inputs, scores);
  if (wanted.has('damage')) results.damage = await probeDamage(scoring, damaged);
  if (wanted.has('classes')) {
    const otherScores = await scoreAll(scoring, 'classes', others);
    results.classes = classesOf(perSymbol(inputs, scores), perSymbol(others, otherScores));
  }
  if (wanted.has('validity')) {
    results.validity = await probeValidity(model, settings.num, drawing('validity'));
  }
  if (wanted.has('clips')) {
    const clips = inputs.slice(0, settings.clips);
    results.clips = await probeClips(model, clips, drawing('clips'));
  }
  return results;
}

/** @throws CodecLmError `USAGE` for one that was asked for and cannot be */
function wantedProbes(
  codec: Codec,
  only: readonly ProbeName[] | undefined,
  settings: Pick<ProbeSettings, 'num' | 'damages' | 'clips'> & { against: readonly string[] },
): ReadonlySet<ProbeName> {
  const impossible: Partial<Record<ProbeName, string>> = {
    damage: settings.damages === 0 ? '`damages` is 0' : undefined,
    classes: settings.against.length === 0 ? 'no files of another class are named' : undefined,
    validity: settings.num === 0 ? '`num` is 0' : undefined,
    clips: codec.frames
      ? settings.clips === 0
        ? '`clips` is 0'
        : undefined
      : `${codec.definition.title} documents have no frames`,
  };
  for (const name of only ?? []) {
    const reason = impossible[name];
    if (reason === undefined) continue;
    throw new CodecLmError('USAGE', `the probe ${name} cannot run: ${reason}`);
  }
  return new Set((only ?? PROBES).filter((name) => impossible[name] === undefined));
}

function drawSettings({ temperature, topK, topP, minP, seed }: ProbeSettings) {
  return { temperature, topK, topP, minP, seed };
}

function syntaxOf(
  { codec, tokenizer }: Model,
  inputs: readonly ProbedFile[],
  scores: readonly Float64Array[],
): SyntaxResult {
  const found = new SyntaxProbe(codec);
  for (const [i, { document }] of inputs.entries()) {
    const symbolBits = bitsOfSymbols(scores[i], document, tokenizer);
    found.add(document.symbols, symbolBits, sum(scores[i]));
  }
  return found.finish();
}

/** Bits per symbol of each input, the bits of its end among them. */
function perSymbol(inputs: readonly ProbedFile[], scores: readonly Float64Array[]): number[] {
  return inputs.map(({ document }, i) => sum(scores[i]) / document.symbols.length);
}

function damagedCopies(
  { codec, tokenizer }: Model,
  inputs: readonly ProbedFile[],
  { damages, seed }: ProbeSettings,
): DamagedInput[] {
  return inputs.flatMap(({ document }, file) =>
    Array.from({ length: damages }, (_, copy) => {
      const changed = damage(document.symbols, codec.alphabet, [seed, file, copy]);
      const ids = tokenizer.encodeDocument(changed.symbols);
      return { ...changed, ids, undamaged: document.symbols };
    }),
  );
}

async function probeDamage(
  scoring: Scoring,
  damaged: readonly DamagedInput[],
): Promise<DamageResult> {
  const { codec, tokenizer } = scoring.model;
  const outcomes = await eachScored(scoring, 'damage', damaged, {
    lengthOf: () => OUTCOME_NUMBERS,
    async numbersOf(copy, engine) {
      const bits = await bitsOfTokens(copy.ids, engine);
      const tokens = bySurprise(copy.ids, bits, tokenizer);
      const symbolBits = bitsOfSymbols(bits, copy, tokenizer);
      const places = placesByBits(codec, copy.undamaged, symbolBits, copy.place);
      const beginning = copy.symbols.subarray(0, copy.place);
      const likeliest = await rankNextSymbol(beginning, tokenizer, engine);
      return numbersOfOutcome(outcomeOf(codec, copy, tokens, places, likeliest));
    },
  });
  return damageResult(outcomes);
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
