/**
 * A storage in memory and processes in it that are run in any order: every operation of the
 * storage is a step, and who does the next one is drawn. Clocks stand still between steps.
 */
import { setImmediate } from 'node:timers/promises';
import { claim } from '../../../base/lock/claim.ts';
import { Judge } from '../../../base/lock/judge.ts';
import type { Life } from '../../../base/lock/process.ts';
import {
  beatOf,
  formatHolder,
  lockName,
  newHolder,
  type Ranks,
} from '../../../base/lock/record.ts';
import { type Entry, type LockStore, tokenIn } from '../../../base/lock/store.ts';
import type { Holder } from '../../../schemas/lock.ts';

const STALE_MS = 30_000;
const TEMPLATE = newHolder({ rank: 0, size: 1 });

export interface Agent {
  id: number;
  ranks: Ranks;
  state: 'claims' | 'holds' | 'refused' | 'killed';
  record?: Holder;
  /** Steps it takes before it is killed. */
  stepsLeft: number;
  /** Does no step until then, as a machine that sleeps. */
  asleepUntil: number;
}

interface Pending {
  agent: Agent;
  at: number;
  go: () => void;
}

export class World {
  readonly agents: Agent[] = [];
  readonly #records = new Map<string, string>();
  readonly #pending: Pending[] = [];
  readonly #random: (below: number) => number;
  readonly #isSeen: boolean;
  #clock = 0;
  #tokens = 0;

  /** @param isSeen whether processes can be looked up, or are known by their heartbeats only */
  constructor(random: (below: number) => number, isSeen: boolean) {
    this.#random = random;
    this.#isSeen = isSeen;
  }

  /** A process that held the lock, and died. */
  leave(ranks: Ranks): void {
    const agent = this.#newAgent(ranks, 0);
    agent.state = 'killed';
    const holder = this.#holderOf(agent);
    this.#records.set(lockName(holder), formatHolder({ ...holder, state: 'holds' }));
  }

  start(ranks: Ranks, { stepsLeft = Infinity, asleepUntil = 0 } = {}): void {
    const agent = this.#newAgent(ranks, stepsLeft);
    agent.asleepUntil = asleepUntil;
    const store = this.#storeOf(agent);
    const life = (holder: Holder) => this.#lifeOf(holder.pid);
    const judge = new Judge({ store, staleMs: STALE_MS, life, now: () => this.#clock });
    const sleep = (ms: number) => this.#turn(agent, ms);
    const options = { store, judge, sleep, what: 'the world' };
    void claim(() => this.#holderOf(agent), options).then(
      (record) => Object.assign(agent, { state: 'holds', record }),
      () => Object.assign(agent, { state: 'refused' }),
    );
  }

  /** Until every process holds the lock, was refused or is killed. */
  async run(afterStep: () => void): Promise<void> {
    await setImmediate();
    while (this.#pending.length > 0) {
      const due = this.#pending.filter(({ at }) => at <= this.#clock);
      if (due.length === 0) {
        this.#clock = Math.min(...this.#pending.map(({ at }) => at));
        this.#beat();
        continue;
      }
      const next = due[this.#random(due.length)];
      this.#pending.splice(this.#pending.indexOf(next), 1);
      if (next.agent.stepsLeft-- <= 0) {
        next.agent.state = 'killed';
        continue;
      }
      next.go();
      await setImmediate();
      afterStep();
    }
  }

  /** Processes that think they hold the lock. */
  get holders(): Agent[] {
    return this.agents.filter(({ state }) => state === 'holds');
  }

  /** Less those that will find at their next check that it was taken from them. */
  get rightfulHolders(): Agent[] {
    return this.holders.filter(({ record }) => this.#records.has(lockName(record!)));
  }

  /** Holders live, and time has gone by. */
  #beat(): void {
    for (const { record } of this.rightfulHolders) {
      const beat = beatOf(this.#clock);
      this.#records.set(lockName(record!), formatHolder({ ...record!, beat }));
    }
  }

  #newAgent(ranks: Ranks, stepsLeft: number): Agent {
    const id = this.agents.length;
    const agent: Agent = { id, ranks, state: 'claims', stepsLeft, asleepUntil: 0 };
    this.agents.push(agent);
    return agent;
  }

  #holderOf({ id, ranks }: Agent): Holder {
    // Any order of tokens may come.
    const token = `${this.#random(2 ** 16)}-${++this.#tokens}`;
    const hex = Buffer.from(token).toString('hex').padEnd(32, '0').slice(0, 32);
    return { ...TEMPLATE, ...ranks, pid: id, token: hex };
  }

  #lifeOf(id: number): Life {
    if (!this.#isSeen) return 'unknown';
    return this.agents[id].state === 'killed' ? 'dead' : 'alive';
  }

  #turn(agent: Agent, ms = 0): Promise<void> {
    return new Promise((go) => {
      const at = Math.max(this.#clock + ms, agent.asleepUntil);
      this.#pending.push({ agent, at, go });
    });
  }

  #storeOf(agent: Agent): LockStore {
    const records = this.#records;
    const turn = () => this.#turn(agent);
    return {
      place: 'world',
      // As readdir: what comes or goes meanwhile may be in it or not.
      list: async () => {
        const before = [...records.keys()];
        await turn();
        const after = [...records.keys()];
        const isSure = (name: string) => before.includes(name) && after.includes(name);
        return [...new Set([...before, ...after])].filter(
          (name) => isSure(name) || this.#random(2) === 0,
        );
      },
      read: async (name): Promise<Entry | undefined> => {
        await turn();
        const text = records.get(name);
        return text === undefined ? undefined : { name, text, modified: 0 };
      },
      publish: async (name, text) => {
        await turn();
        records.set(name, text);
      },
      // Open, look, write: what was removed after it was looked at is written to no avail.
      rewrite: async (name, token, text) => {
        await turn();
        if (tokenIn(records.get(name) ?? '') !== token) return false;
        await turn();
        if (records.has(name)) records.set(name, text);
        return true;
      },
      remove: async (name) => {
        await turn();
        records.delete(name);
      },
      holds: async (name, token) => {
        await turn();
        return tokenIn(records.get(name) ?? '') === token;
      },
      beat: () => () => undefined,
      now: async () => this.#clock,
      pathOf: (name) => name,
      tidy: async () => undefined,
      close: async () => undefined,
      removeAtExit: () => undefined,
    };
  }
}
