/** A small random model behind `trainer serve`, as a process of its own. */
import { join } from 'node:path';
import { execa } from 'execa';
import { makeCheckpoint } from '../../../test/helpers/checkpoint.ts';

/** Pixels of a side: documents of some 500 tokens. */
export const SIDE = 64;
export const MODEL = 'vases';
export const KEY = 'a-key';
const SEQ_LEN = 4096;

export interface ServerProcess {
  url: string;
  /** Folder of its checkpoint. */
  checkpoint: string;
  maxLength: number;
  stop(): Promise<void>;
}

export async function startServer(folder: string): Promise<ServerProcess> {
  const checkpoint = join(folder, MODEL);
  await makeCheckpoint(checkpoint, { side: SIDE, seqLen: SEQ_LEN });
  const args = ['bin/trainer.js', 'serve', '--checkpoint', checkpoint, '--port', '0'];
  const child = execa('node', [...args, '--api-key', KEY], { reject: false });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (data) => resolve(String(data).trim()));
    child.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return {
    url,
    checkpoint,
    maxLength: SEQ_LEN,
    async stop() {
      child.kill('SIGTERM');
      await child;
    },
  };
}
