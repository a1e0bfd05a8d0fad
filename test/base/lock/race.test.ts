import { type ChildProcess, fork } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { leaveHolder } from '../../helpers/lock-holders.ts';
import { temporaryFolder } from '../../helpers/temporary.ts';
import type { Answer, Order } from './racer.ts';

const isLong = process.env.CODEC_LM_TEST_LONG !== undefined;
const ROUNDS = isLong ? 1_000 : 50;
/** A killed process costs the start of another one. */
const KILLS = isLong ? 200 : 6;

/** Time for the orders to arrive everywhere. */
const BARRIER_NS = 4_000_000n;

class Racer {
  readonly #process: ChildProcess;
  #settle: { answer: (answer: Answer) => void; gone: () => void };
  #answer: Promise<Answer>;

  constructor() {
    const path = join(import.meta.dirname, 'racer.ts');
    this.#process = fork(path, { execArgv: ['--import=tsx'] });
    [this.#answer, this.#settle] = nextAnswer();
    this.#process.on('message', (answer) => this.#settle.answer(answer as Answer));
    this.#process.on('exit', () => this.#settle.gone());
  }

  static async start(t: ExecutionContext): Promise<Racer> {
    const racer = new Racer();
    t.teardown(() => racer.kill());
    await racer.answer;
    return racer;
  }

  tell(order: Order): void {
    [this.#answer, this.#settle] = nextAnswer();
    this.#process.send(order);
  }

  /** To the last order; fails when the process is gone before. */
  get answer(): Promise<Answer> {
    return this.#answer;
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

function nextAnswer() {
  let settle!: { answer: (answer: Answer) => void; gone: () => void };
  const answer = new Promise<Answer>((resolve, reject) => {
    settle = { answer: resolve, gone: () => reject(new Error('the process is gone')) };
  });
  answer.catch(() => undefined);
  return [answer, settle] as const;
}

/**
 * The leftovers of a dead run, of a dead neighbour in another run, and of a process that died while
 * taking the lock.
 */
async function leaveDead(folder: string, round: number): Promise<void> {
  const pid = 2 ** 30;
  await leaveHolder(folder, { pid });
  if (round % 3 === 1) await leaveHolder(folder, { pid, rank: 1, size: 2 });
  if (round % 3 === 2) await leaveHolder(folder, { pid, state: 'wants' });
}

function startTime(): bigint {
  return process.hrtime.bigint() + BARRIER_NS;
}

async function goAll(racers: readonly Racer[], go: { folder: string; resource?: string }) {
  const at = String(startTime());
  for (const racer of racers) racer.tell({ go: { ...go, at, times: 1 } });
  return Promise.all(racers.map(({ answer }) => answer));
}

for (const count of [2, 3]) {
  test.serial(
    `${count} processes take over a dead run's lock at the same moment, ${ROUNDS} rounds: one writer each time`,
    async (t) => {
      t.timeout(1_800_000);
      const place = await temporaryFolder(t);
      const folder = join(place, 'lock');
      const racers = await Promise.all(Array.from({ length: count }, () => Racer.start(t)));
      const wins = new Array<number>(count).fill(0);
      for (let round = 0; round < ROUNDS; round++) {
        await leaveDead(folder, round);
        const answers = await goAll(racers, { folder, resource: join(place, 'resource') });
        const winners = answers.flatMap(({ is }, i) => (is === 'held' ? [i] : []));
        t.is(winners.length, 1, `round ${round}: ${JSON.stringify(answers)}`);
        for (const answer of answers) {
          if (answer.is === 'held') t.true(answer.isAlone, `round ${round}`);
          else t.like(answer, { code: 'OUTPUT_IN_USE' });
        }
        const [winner] = winners;
        wins[winner]++;
        racers[winner].tell({ release: true });
        t.deepEqual(await racers[winner].answer, { is: 'released' });
        t.deepEqual(await readdir(place), [], `round ${round}: nothing is left`);
      }
      t.log(`won by each: ${wins.join(' ')}`);
    },
  );
}

test.serial(
  `three processes, one killed at a random moment of the takeover, ${KILLS} rounds: never two, and then one`,
  async (t) => {
    t.timeout(1_800_000);
    const folder = join(await temporaryFolder(t), 'lock');
    const racers = await Promise.all([0, 1, 2].map(() => Racer.start(t)));
    const moments: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const spare = Racer.start(t);
      await leaveDead(folder, round);
      const at = startTime();
      for (const racer of racers) racer.tell({ go: { folder, at: String(at), times: 1 } });
      const [victim, ...others] = racers.splice(0);
      // From a millisecond before the start to some after the lock is taken.
      await sleep(Number(BARRIER_NS) / 1e6 - 1 + ((round * 7) % 26) / 2);
      victim.kill();
      const killed = await victim.answer.then(
        ({ is }) => is,
        () => 'killed',
      );
      const first = await Promise.all(others.map(({ answer }) => answer));
      const held = others.filter((_, i) => first[i].is === 'held');
      t.true(held.length <= 1, `round ${round}: ${JSON.stringify(first)}`);
      // Nobody waits for a lock that another process has: the refused ones come again.
      if (held.length === 0) {
        t.not(killed, 'refused', `round ${round}: somebody refused it, and has the lock`);
        const again = await goAll(others, { folder });
        held.push(...others.filter((_, i) => again[i].is === 'held'));
        t.is(held.length, 1, `round ${round}: ${JSON.stringify(again)}`);
      }
      moments.push(killed);
      held[0].tell({ release: true });
      t.deepEqual(await held[0].answer, { is: 'released' });
      await rm(folder, { recursive: true, force: true });
      racers.push(...others, await spare);
    }
    const counts = ['killed', 'held', 'refused'].map((state) => {
      return `${moments.filter((moment) => moment === state).length} ${state}`;
    });
    t.log(`the victims were: ${counts.join(', ')}`);
  },
);
