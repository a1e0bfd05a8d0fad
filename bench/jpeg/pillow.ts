/** A live Pillow, asked for the bytes it would write. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodecLmError } from '../../base/error.ts';

const peers = new URL('../peers/', import.meta.url);

export interface Pillow {
  readonly version: string;
  encode(pixels: Uint8Array, width: number, height: number, quality: number): Promise<Buffer>;
  close(): void;
}

/** The Python that has the peers: `$CODEC_LM_PYTHON`, or the environment that bench/peers makes. */
export function peerPython(): string {
  const own = fileURLToPath(new URL('.venv/bin/python', peers));
  const python = process.env.CODEC_LM_PYTHON ?? own;
  if (process.env.CODEC_LM_PYTHON || existsSync(python)) return python;
  throw new CodecLmError('TOOL_MISSING', `no Python with Pillow at ${own}`, {
    hint: 'make it with bench/peers/setup.sh, or set CODEC_LM_PYTHON',
  });
}

/** @throws CodecLmError `TOOL_MISSING` when there is no Python with Pillow */
export async function startPillow(): Promise<Pillow> {
  const script = fileURLToPath(new URL('jpeg_pillow.py', peers));
  const child = spawn(peerPython(), [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const reader = new BlockReader(child.stdout);
  const version = (await reader.line()).trim();
  return {
    version,
    async encode(pixels, width, height, quality) {
      child.stdin.write(`${width} ${height} ${quality}\n`);
      child.stdin.write(pixels);
      return await reader.bytes(Number(await reader.line()));
    },
    close: () => child.stdin.end(),
  };
}

/** Lines and counted bytes from one stream. */
export class BlockReader {
  #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    let end = this.#rest.indexOf(10);
    while (end < 0) {
      await this.#more();
      end = this.#rest.indexOf(10);
    }
    return this.#take(end + 1).toString();
  }

  async bytes(count: number): Promise<Buffer> {
    while (this.#rest.length < count) await this.#more();
    return this.#take(count);
  }

  #take(count: number): Buffer {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next();
    if (done) throw new CodecLmError('TOOL_MISSING', 'Pillow ended; its message stands above');
    this.#rest = Buffer.concat([this.#rest, value]);
  }
}
