/** Scores of lm-evaluation-harness beside those of `trainer score`, in bits per byte. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { writeCrops } from '../../../demo/crops.ts';
import { loadEngine, readCheckpoint } from '../../../trainer/sample/load.ts';
import { readDocument, scoreDocument } from '../../../trainer/score/document.ts';
import { textOf } from '../../../trainer/serve/text.ts';
import { KEY, MODEL, type ServerProcess } from './server.ts';

const PYTHON = fileURLToPath(new URL('../.venv-clients/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('harness.py', import.meta.url));
const COUNT = 4;
/** Bits per byte. In transformers the sums are another library's, in fp32. */
const TOLERANCE = 1e-6;
const TOLERANCE_HF = 2e-6;

export interface Comparison {
  mode: string;
  /** Greatest difference of a document's score, or texts that differ. */
  worst: number;
  isEqual: boolean;
}

/** The results that each mode has to give. */
interface Expected {
  whole: number[];
  secondHalf: number[];
  /** With `<bos>` twice, as the harness's rolling scores have it with add_bos_token. */
  twice: number[];
}

interface Task {
  documents: { text: string; bytes: number; cut: number }[];
  expected: Expected;
}

export async function compareScores(server: ServerProcess, folder: string): Promise<Comparison[]> {
  const { documents, expected } = await prepare(server, folder);
  const { url, checkpoint, maxLength } = server;
  const prompts = documents.map(({ text, cut }) => text.slice(0, cut));
  const plan = { url, model: MODEL, tokenizer: checkpoint, maxLength, documents, prompts };
  const input = JSON.stringify(plan);
  const env = { OPENAI_API_KEY: KEY, HF_HOME: join(folder, 'hf') };
  const { stdout } = await execa(PYTHON, [SCRIPT], { input, env });
  const answers: Record<string, (number | string)[]> = JSON.parse(stdout);
  const scores = Object.entries(answers).filter(([mode]) => !mode.includes('generate_until'));
  return [
    ...scores.map(([mode, values]) => compare(mode, values as number[], expected)),
    ...compareTexts(answers as Record<string, string[]>),
  ];
}

async function prepare(server: ServerProcess, folder: string): Promise<Task> {
  const files = await writeCrops(join(folder, 'crops'), COUNT);
  const args = ['bin/trainer.js', 'score', '--checkpoint', server.checkpoint, ...files, '--json'];
  const { stdout } = await execa('node', args);
  const whole = stdout.split('\n').map((line) => JSON.parse(line).bitsPerByte as number);
  const checkpoint = await readCheckpoint(server.checkpoint);
  const { tokenizer } = checkpoint;
  const size = { sequences: 1, positions: server.maxLength, threads: 1 };
  const engine = await loadEngine(checkpoint, size, () => Promise.reject(new Error('no backend')));
  const task: Task = { documents: [], expected: { whole, secondHalf: [], twice: [] } };
  for (const file of files) {
    const document = await readDocument(file, checkpoint);
    const { symbols: bytes, ids } = document;
    // Behind a restart marker, which is a token: there the text may be cut without another encoding.
    const cut = bytes.indexOf(0xd0, bytes.length >> 1) + 1;
    task.documents.push({ text: `${textOf(bytes)}<eos>`, bytes: bytes.length, cut });
    const { bitsPerSymbol: bitsPerByte, symbolBits } = await scoreDocument(
      document,
      tokenizer,
      engine,
    );
    const first = symbolBits.subarray(0, cut).reduce((sum, bits) => sum + bits, 0);
    task.expected.secondHalf.push(bitsPerByte - first / bytes.length);
    const doubled = { symbols: bytes, ids: Uint16Array.from([tokenizer.bosId, ...ids]) };
    task.expected.twice.push((await scoreDocument(doubled, tokenizer, engine)).bitsPerSymbol);
  }
  await engine.dispose();
  return task;
}

function compare(mode: string, values: number[], expected: Expected): Comparison {
  const isTwice = mode.includes('rolling, add_bos_token');
  const isHalf = mode.includes('second halves');
  const right = isTwice ? expected.twice : isHalf ? expected.secondHalf : expected.whole;
  const worst = Math.max(...values.map((value, i) => Math.abs(value - right[i])));
  const tolerance = mode.startsWith('hf:') ? TOLERANCE_HF : TOLERANCE;
  return { mode, worst, isEqual: values.length === COUNT && worst < tolerance };
}

/** Greedy continuations: free ones are those of transformers; under the grammar each begins a document. */
function compareTexts(answers: Record<string, string[]>): Comparison[] {
  const free = answers['hf: generate_until'];
  const modes = ['generate_until, grammar off', 'generate_until, text, grammar off'];
  const pairs = modes.map((mode): Comparison => {
    const worst = answers[mode].filter((text, i) => text !== free[i] || text === '').length;
    return { mode, worst, isEqual: answers[mode].length === COUNT && worst === 0 };
  });
  const drawn = answers.generate_until;
  const empty = drawn.filter((text) => text === '').length;
  return [
    ...pairs,
    { mode: 'generate_until', worst: empty, isEqual: drawn.length === COUNT && !empty },
  ];
}
