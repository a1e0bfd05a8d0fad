/** Runs bench/peers/bpe.py on documents that lie in files. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { CodecLmError } from '../../schemas/error.ts';

const PYTHON = fileURLToPath(new URL('../peers/.venv/bin/python', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../peers/bpe.py', import.meta.url));

/**
 * @param command one of the script's
 * @returns the JSON value it prints
 * @throws CodecLmError `TOOL_MISSING` when the peers are not installed
 */
export async function runPeer<Result>(
  command: string,
  documents: readonly Uint8Array[],
  ...args: (string | number)[]
): Promise<Result> {
  if (!existsSync(PYTHON)) {
    throw new CodecLmError('TOOL_MISSING', 'the peers are not installed', {
      hint: 'run bench/peers/setup.sh',
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-peer-'));
  try {
    const dataPath = join(folder, 'documents.bin');
    const lengthsPath = join(folder, 'lengths.json');
    await writeFile(dataPath, Buffer.concat(documents));
    await writeFile(lengthsPath, JSON.stringify(documents.map((document) => document.length)));
    const { stdout } = await execa(PYTHON, [
      SCRIPT,
      command,
      dataPath,
      lengthsPath,
      ...args.map(String),
    ]);
    return JSON.parse(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
