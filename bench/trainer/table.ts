/**
 * The trainer's table on two cores, rows by name:
 *   node bin/start.js bench/trainer/table.ts [rounds = 3] [rows = all, or e.g. fp32-25m,memory]
 * Needs bench/peers/setup.sh. Two processes that are compared take turns with the same model, batch
 * and threads, both with forward, backward, clipping and Adam(W); a ratio is the median of the
 * rounds. By CPU time it is the one to trust on a machine that does other work: PyTorch's threads
 * sleep while they wait (OMP_WAIT_POLICY=PASSIVE), TensorFlow's always do.
 */
import { fileURLToPath } from 'node:url';
import { peerPython } from '../jpeg/pillow.ts';
import { output } from '../pipeline/process.ts';
import { median } from '../pipeline/race.ts';
import { mpiEnvironment } from './mpi.ts';

const at = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const MIB = 2 ** 20;

const SMALL = { hidden: 256, layers: 4, heads: 8, intermediate: 640 };
const LARGE = { hidden: 512, layers: 8, heads: 8, intermediate: 1408 };
const SHORT = { batch: 4, time: 512 };
/**
 * Steps of 0.2 to 0.3 seconds, and of 1 to 3: V8 compiles the code between ops for a second or two.
 */
const [SMALL_STEPS, LARGE_STEPS] = [14, 4];
const LONG = { ...LARGE, batch: 1, time: 12_288, steps: 2, checkpointing: 1 };

type Options = Record<string, number>;

/** Output of both programs. */
interface Step {
  tokens: number;
  seconds: number;
  cpuSeconds: number;
  peakMemory: number;
}

/** The preset 60m. */
const SIXTY = { hidden: 640, layers: 12, heads: 10, intermediate: 1728 };
const flags = (options: Options) =>
  Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);

async function ours(options: Options, backend = 'native'): Promise<Step> {
  const args = ['--import=tsx', at('../train-step.ts'), ...flags(options)];
  return JSON.parse(await output(process.execPath, args, { CODEC_LM_BACKEND: backend }));
}

async function torch(options: Options): Promise<Step> {
  const args = [at('../peers/train_step.py'), ...flags(options)];
  return JSON.parse(await output(peerPython(), args, { OMP_WAIT_POLICY: 'PASSIVE' }));
}

type Run = () => Promise<Step>;

/** One line: the times of both, and the ratios; over 1 means faster than the other. */
async function compare(what: string, a: Run, b: Run, wanted: string): Promise<void> {
  const pairs: { a: Step; b: Step }[] = [];
  for (let round = 0; round < rounds; round++) pairs.push({ b: await b(), a: await a() });
  const middle = (of: (pair: { a: Step; b: Step }) => number) => median(pairs.map(of));
  const rate = (step: Step) => step.tokens / step.cpuSeconds;
  const wall = middle(({ a, b }) => b.seconds / a.seconds).toFixed(2);
  const cpu = middle(({ a, b }) => b.cpuSeconds / a.cpuSeconds).toFixed(2);
  const memory = middle(({ a, b }) => a.peakMemory / b.peakMemory).toFixed(2);
  const [mine, other] = [({ a }: Pair) => rate(a), ({ b }: Pair) => rate(b)].map((of) =>
    middle(of).toFixed(0),
  );
  const [peakA, peakB] = [({ a }: Pair) => a, ({ b }: Pair) => b].map((of) =>
    (middle((pair) => of(pair).peakMemory) / MIB).toFixed(0),
  );
  console.log(`| ${what} | clock ${wall}, CPU ${cpu} times the speed | ${wanted} |`);
  console.log(
    `|   tokens a CPU second ${mine} against ${other}; peak ${peakA} against ${peakB} MiB: ${memory} |`,
  );
}

type Pair = { a: Step; b: Step };

const script = async (file: string, ...args: string[]) => {
  const text = await output(process.execPath, ['--import=tsx', at(file), ...args]);
  console.log(text.trim());
};

const ROWS: Record<string, () => Promise<void>> = {
  'fp32-3m': () => speed('3 M, fp32', SMALL, 0, 0, '1.0'),
  'fp32-25m': () => speed('25 M, fp32', LARGE, 0, 0, '1.0'),
  'bf16-3m': () => speed('3 M, bf16 against PyTorch bf16', SMALL, 1, 1, '0.8'),
  'bf16-25m': () => speed('25 M, bf16 against PyTorch bf16', LARGE, 1, 1, '0.8'),
  'bf16-fp32-3m': () => speed('3 M, bf16 against PyTorch fp32', SMALL, 1, 0, '1.3'),
  'bf16-fp32-25m': () => speed('25 M, bf16 against PyTorch fp32', LARGE, 1, 0, '1.3'),
  'compile-fp32-3m': () => compiled('3 M, fp32', SMALL, 0, '1.1'),
  'compile-fp32-25m': () => compiled('25 M, fp32', LARGE, 0, '1.1; memory at most 1.0'),
  'compile-bf16-3m': () => compiled('3 M, bf16', SMALL, 1, '1.0'),
  'compile-bf16-25m': () => compiled('25 M, bf16', LARGE, 1, '1.0'),
  memory: () =>
    compare(
      '25 M, 12,288 tokens, checkpointing, peak memory',
      () => ours(LONG),
      () => torch(LONG),
      'memory at most 1.2',
    ),
  long: async () => {
    const { seconds, cpuSeconds, peakMemory } = await ours({ ...LONG, time: 32_768, steps: 1 });
    const [clock, cpu, peak] = [seconds, cpuSeconds, peakMemory / MIB].map(Math.round);
    console.log(
      `| 25 M, a step of 32,768 tokens | ${clock} s, CPU ${cpu} s, peak ${peak} MiB | it ends |`,
    );
  },
  wasm: () => {
    const options = { ...SMALL, batch: 1, time: 512 };
    // Medians, and V8 compiles on for a few steps: seconds of them on one side, minutes on the other.
    return compare(
      '3 M on wasm, against plain tfjs ops',
      () => ours({ ...options, steps: 10 }, 'wasm'),
      () => ours({ ...options, steps: 3, plain: 1 }, 'wasm'),
      '8',
    );
  },
  'zero-memory': () => stages(4, { ...SIXTY, batch: 1, time: 256, steps: 2 }),
  'zero-time': () => stages(2, { ...LARGE, batch: 4, time: 512, steps: 4, checkpointing: 1 }),
  copies: () => script('copies.ts'),
  leak: () => script('leak.ts'),
  estimate: () => script('memory.ts', 'one'),
  'estimate-ranks': () => script('memory.ts', 'ranks'),
};

function speed(what: string, model: Options, bf16: number, peerBf16: number, wanted: string) {
  const options = { ...model, ...SHORT, steps: model === SMALL ? SMALL_STEPS : LARGE_STEPS };
  return compare(
    what,
    () => ours({ ...options, bf16 }),
    () => torch({ ...options, bf16: peerBf16 }),
    wanted,
  );
}

/** Beside torch.compile, with autocast where it is bf16. */
function compiled(what: string, model: Options, bf16: number, wanted: string) {
  const steps = model === SMALL ? SMALL_STEPS : LARGE_STEPS;
  const options = { ...model, ...SHORT, steps, bf16 };
  return compare(
    `${what}, 2,048 tokens, against torch.compile`,
    () => ours(options),
    () => torch({ ...options, compile: 1 }),
    wanted,
  );
}

/** ZeRO-3 beside ZeRO-1 on ranks of this machine. */
async function stages(ranks: number, options: Options): Promise<void> {
  const run = async (zero: number): Promise<Step> => {
    const args = ['-n', String(ranks), process.execPath, '--import=tsx', at('ranks.ts')];
    const text = await output('mpirun', [...args, ...flags({ ...options, zero })], mpiEnvironment);
    return JSON.parse(text.trim().split('\n').at(-1)!);
  };
  const what = `${ranks} ranks, ZeRO-3 against ZeRO-1, largest of the ranks`;
  await compare(
    what,
    () => run(3),
    () => run(1),
    'memory at most 0.6, time at most 1.3',
  );
}

const [roundsText = '3', rowsText = Object.keys(ROWS).join()] = process.argv.slice(2);
const rounds = Number(roundsText);
for (const name of rowsText.split(',')) {
  const row = ROWS[name];
  if (!row) throw new Error(`no row ${name}; there are ${Object.keys(ROWS).join(', ')}`);
  await row();
}
