/** bench/peers/bench_shards.py as a process that measures one thing after the other. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PYTHON = fileURLToPath(new URL('../peers/.venv/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../peers/bench_shards.py', import.meta.url));

export class ShardPeer {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }

  static async start(shard: string, dir: string): Promise<ShardPeer> {
    const env = { ...process.env, HF_HOME: join(dir, 'hf'), HF_HUB_OFFLINE: '1' };
    const stdio: ['pipe', 'pipe', 'ignore'] = ['pipe', 'pipe', 'ignore'];
    const child = spawn(PYTHON, [SCRIPT, shard, dir], { env, stdio });
    await once(child, 'spawn');
    return new ShardPeer(child);
  }

  /** @param name of a measurement of the script */
  async measure(name: string): Promise<number> {
    this.#child.stdin!.write(`${name}\n`);
    const { value } = await this.#lines.next();
    const figure = Number(value);
    if (!(figure > 0)) throw new Error(`${SCRIPT}: no figure for ${name}`);
    return figure;
  }

  stop(): void {
    this.#child.stdin!.end();
  }
}
