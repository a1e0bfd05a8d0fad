/** A checkpoint as llama.cpp computes it, beside our own: what bench and test compare. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { textOfSymbols } from '../../tokenizer/index.ts';
import { exportCheckpoint } from '../../trainer/checkpoint/export.ts';
import type { GgufPrecision } from '../../trainer/checkpoint/gguf/types.ts';
import type { Engine } from '../../trainer/sample/engine/engine.ts';
import type { Model } from '../../trainer/sample/model.ts';

const PYTHON = join(import.meta.dirname, '.venv-llama-cpp/bin/python');

/** Whether bench/peers/setup-llama-cpp.sh has been run. */
export const hasLlamaCpp = existsSync(join(PYTHON, '../../installed.txt'));

/** Tokens of the prompt that is continued, and tokens that are drawn. */
const [PROMPT, DRAWN] = [8, 24];

/** What gguf_peer.py says of a file. */
interface Peer {
  metadata: Record<string, unknown>;
  tensors: Record<string, [type: string, dims: number[]]>;
  /** Ids of the document's text, `<bos>` in front. */
  ids: number[];
  /** Behind each of the ids that were given. */
  logits: number[][];
  /** Text of the ids. */
  bytes: string;
  greedy: number[];
}

export interface Comparison extends Peer {
  /** Largest difference of any logit, and the spread (standard deviation) of ours. */
  difference: number;
  spread: number;
  /** Tokens at which both continuations are the same. */
  sameGreedy: number;
  drawn: number;
  /** Whether llama.cpp's ids of the document's text are ours, and its text of them the document. */
  hasOurIds: boolean;
  hasOurText: boolean;
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
  const job = JSON.stringify({ file: to, ids, text, prompt: PROMPT, tokens: DRAWN });
  const script = join(import.meta.dirname, 'gguf_peer.py');
  const { stdout } = await execa(PYTHON, [script], { input: job, maxBuffer: 2 ** 30 });
  const peer = JSON.parse(stdout) as Peer;
  const flat = ours.logits.flatMap((row) => [...row]);
  const theirs = peer.logits.flat();
  const mean = flat.reduce((sum, value) => sum + value, 0) / flat.length;
  const square = flat.reduce((sum, value) => sum + (value - mean) ** 2, 0) / flat.length;
  return {
    ...peer,
    difference: flat.reduce((most, value, i) => Math.max(most, Math.abs(value - theirs[i])), 0),
    spread: Math.sqrt(square),
    sameGreedy: ours.greedy.filter((id, i) => id === peer.greedy[i]).length,
    drawn: DRAWN,
    hasOurIds: ids.join() === peer.ids.join(),
    hasOurText: text === peer.bytes,
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
