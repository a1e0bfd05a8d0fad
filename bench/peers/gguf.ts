/** A checkpoint as llama.cpp computes it, beside our own: what bench and test compare. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { textOfSymbols } from '../../tokenizer/index.ts';
import { exportCheckpoint } from '../../trainer/checkpoint/export.ts';
import type { GgufPrecision } from '../../trainer/checkpoint/gguf/types.ts';
import { rateToken } from '../../trainer/sample/draw.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';
import type { Model } from '../../trainer/sample/model.ts';

const FOLDER = join(import.meta.dirname, '.venv-node-llama-cpp');

/** Whether bench/peers/setup-node-llama-cpp.sh has been run. */
export const hasLlamaCpp = existsSync(join(FOLDER, 'installed.txt'));

/** Tokens of the prompt that is continued, and tokens that are drawn. */
const [PROMPT, DRAWN] = [8, 24];

/** Less likely tokens are not compared: their probabilities come as fp32. */
const LEAST = 1e-6;

/** What gguf-peer.js says of a file. */
interface Peer {
  /** Ids of the document's text, without `<bos>`. */
  ids: number[];
  /** Text of the ids. */
  text: string;
  /** Behind each of the ids that were given. */
  probabilities: [id: number, probability: number][][];
  greedy: number[];
  specials: { bos: number; eos: number; isPrepended: boolean; ends: boolean };
}

export interface Comparison {
  /** Largest difference of any ln p. */
  difference: number;
  /** Tokens at which both continuations are the same, of those drawn. */
  sameGreedy: number;
  drawn: number;
  /** Whether llama.cpp's ids of the document's text are ours, and its text of them the document. */
  hasOurIds: boolean;
  hasOurText: boolean;
  specials: Peer['specials'];
}

/** @param document its symbols, long enough for a prompt @param to where the file is written */
export async function compareGguf(
  model: Model,
  document: Uint8Array | Uint16Array,
  precision: GgufPrecision,
  to: string,
): Promise<Comparison> {
  const { tokenizer } = model;
  await exportCheckpoint({ checkpoint: model.path, to, format: 'gguf', precision });
  const ids = [tokenizer.bosId, ...tokenizer.encode(document)];
  const text = textOfSymbols(document, tokenizer.alphabet);
  const ours = await model.use({ sequences: 1, positions: ids.length + DRAWN }, async (engine) => ({
    logits: await logitsOf(engine, ids),
    greedy: await greedyOf(engine, ids.slice(0, PROMPT)),
  }));
  const answer = `${to}.json`;
  const input = JSON.stringify({ file: to, to: answer, ids, text, prompt: PROMPT, tokens: DRAWN });
  await execa('node', [join(import.meta.dirname, 'gguf-peer.js')], { input });
  const peer = JSON.parse(await readFile(answer, 'utf8')) as Peer;
  let difference = 0;
  for (const [i, logits] of ours.logits.entries()) {
    for (const [id, probability] of peer.probabilities[i]) {
      if (probability < LEAST) continue;
      const { logProbability } = rateToken(logits, id);
      difference = Math.max(difference, Math.abs(logProbability - Math.log(probability)));
    }
  }
  return {
    difference,
    sameGreedy: ours.greedy.filter((id, i) => id === peer.greedy[i]).length,
    drawn: DRAWN,
    hasOurIds: ids.slice(1).join() === peer.ids.join(),
    hasOurText: text === peer.text,
    specials: peer.specials,
  };
}

async function logitsOf(engine: Engine, ids: readonly number[]): Promise<Float32Array[]> {
  const sequence = engine.open(ids.length)!;
  const all: Float32Array[] = [];
  for (let from = 0; from < ids.length; from += engine.maxRows) {
    const rows = ids.slice(from, from + engine.maxRows);
    const logits = await engine.step(rows.map((id) => ({ sequence, id, wantsLogits: true })));
    all.push(...logits.map((row) => row.slice()));
  }
  engine.close(sequence);
  return all;
}

async function greedyOf(engine: Engine, prompt: readonly number[]): Promise<number[]> {
  const sequence = engine.open(prompt.length + DRAWN)!;
  const drawn: number[] = [];
  for (const id of prompt.slice(0, -1)) await engine.step([{ sequence, id, wantsLogits: false }]);
  let id = prompt.at(-1)!;
  for (let i = 0; i < DRAWN; i++) {
    const [logits] = await engine.step([{ sequence, id, wantsLogits: true }]);
    id = logits.indexOf(Math.max(...logits));
    drawn.push(id);
  }
  engine.close(sequence);
  return drawn;
}
