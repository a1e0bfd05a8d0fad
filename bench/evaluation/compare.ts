/**
 * Features and figures of the same pictures here and in pytorch-fid, clean-fid and torch-fidelity, with
 * random weights of FID's Inception.
 *   node --import=tsx bench/evaluation/compare.ts FOLDER
 * FOLDER is made by the peers (bench/peers/evaluation/reference.py), unless it holds reference.json already.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare, readStatistics, writeFeatures } from '../../evaluation/index.ts';
import { RESIZES } from '../../schemas/evaluation.ts';
import { evaluationPython, peerScript } from './peer.ts';

interface Peer {
  features: Record<'a' | 'b', number[][]>;
  fid: number;
  kernel_inception_distance_mean: number;
  precision: number;
  recall: number;
  inception_score_mean?: number;
}

const [folder] = process.argv.slice(2);
const file = join(folder, 'reference.json');
if (!existsSync(file)) {
  const args = [peerScript('reference.py'), 'pictures', folder];
  writeFileSync(file, execFileSync(evaluationPython(), args, { maxBuffer: 2 ** 28 }));
}
const peers = JSON.parse(readFileSync(file, 'utf8')) as Record<(typeof RESIZES)[number], Peer>;
/** The same weights in every form that is read. */
const WEIGHTS = { clean: 'inception-old.pth', pytorch: 'inception.pth', tf: 'model.safetensors' };
const print = (line: string) => process.stdout.write(`${line}\n`);

for (const resize of RESIZES) {
  const expected = peers[resize];
  const weights = join(folder, WEIGHTS[resize]);
  let furthest = 0;
  for (const side of ['a', 'b'] as const) {
    const to = join(folder, `${side}-${resize}.npz`);
    await writeFeatures(join(folder, side), { features: weights, to, resize });
    const { data } = (await readStatistics(to)).features!;
    const theirs = expected.features[side].flat();
    if (theirs.length !== data.length)
      throw new Error(`${theirs.length} features, not ${data.length}`);
    for (const [i, value] of theirs.entries())
      furthest = Math.max(furthest, Math.abs(value - data[i]));
  }
  const [a, b] = ['a', 'b'].map((side) => join(folder, `${side}-${resize}.npz`));
  const found = await compare(a, b, { kidSubsetSize: 20 });
  const relative = Math.abs(found.fid - expected.fid) / Math.abs(expected.fid);
  print(`${resize}, ${WEIGHTS[resize]}: features differ by at most ${furthest}`);
  print(`  fid ${found.fid}, theirs ${expected.fid}, relative ${relative}`);
  print(`  kid ${found.kid?.mean}, theirs ${expected.kernel_inception_distance_mean}`);
  print(
    `  precision ${found.precision} and ${expected.precision}, recall ${found.recall} and ${expected.recall}`,
  );
  if (expected.inception_score_mean !== undefined) {
    print(
      `  inception score ${found.inceptionScore?.mean}, theirs ${expected.inception_score_mean}`,
    );
  }
  if (furthest > 1e-4 || relative > 1e-4) process.exitCode = 1;
}
