/** Runs bench/peers/bpe.py on documents that lie in files. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { CodecLmError } from '../../base/error.ts';

/** Each release of sentencepiece that is compared with, in an environment of its own. */
const ENVIRONMENTS = {
  pinned: { folder: '.venv', setup: 'bench/peers/setup.sh' },
  'sentencepiece 0.2.0': {
    folder: '.venv-old-sentencepiece',
    setup: 'bench/peers/setup-old-sentencepiece.sh',
  },
} as const;

type Environment = keyof typeof ENVIRONMENTS;

const SCRIPT = fileURLToPath(new URL('../peers/bpe.py', import.meta.url));

/**
 * @param command one of the script's
 * @returns the JSON value it prints
 * @throws CodecLmError `TOOL_MISSING` when the peers are not installed
 */
export function runPeer<Result>(
  command: string,
  documents: readonly Uint8Array[],
  ...args: (string | number)[]
): Promise<Result> {
  return runPeerOf('pinned', command, documents, ...args);
}

/** Runs the same in another environment. */
export async function runPeerOf<Result>(
  environment: Environment,
  command: string,
  documents: readonly Uint8Array[],
  ...args: (string | number)[]
): Promise<Result> {
  const { folder: name, setup } = ENVIRONMENTS[environment];
  const python = fileURLToPath(new URL(`../peers/${name}/bin/python`, import.meta.url));
  if (!existsSync(python)) {
    throw new CodecLmError('TOOL_MISSING', `the peers in bench/peers/${name} are not installed`, {
      hint: `run ${setup}`,
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'codec-lm-peer-'));
  try {
    const dataPath = join(folder, 'documents.bin');
    const lengthsPath = join(folder, 'lengths.json');
    await writeFile(dataPath, Buffer.concat(documents));
    await writeFile(lengthsPath, JSON.stringify(documents.map((document) => document.length)));
    const { stdout } = await execa(python, [
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
