/**
 * The pictures of the study: Noto's emoji from npm (`emoji-datasource-google`, images under the Apache
 * License 2.0), 64x64 pixels with transparency. Every eighth is kept from training, to be completed.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';

const PACKAGE = 'emoji-datasource-google@16.0.0';
const IMAGES = 'package/img/google/64';
const HELD_OUT = 8;

/** @returns folders of pictures to train on, and to evaluate with */
export async function studyCorpus(
  root: string,
  pictures: number,
): Promise<{ train: string; held: string }> {
  const corpus = join(root, `corpus-${pictures}`);
  const [train, held] = ['train', 'held'].map((name) => join(corpus, name));
  const isThere = await readdir(corpus).then(
    () => true,
    () => false,
  );
  if (isThere) return { train, held };
  await mkdir(root, { recursive: true });
  const aside = await mkdtemp(join(root, 'corpus-'));
  await execa('npm', ['pack', PACKAGE, '--silent', '--pack-destination', aside]);
  const [archive] = (await readdir(aside)).filter((name) => name.endsWith('.tgz'));
  await execa('tar', ['-xzf', join(aside, archive), '-C', aside, IMAGES]);
  const names = (await readdir(join(aside, IMAGES))).sort();
  const share = Math.max(1, names.length / pictures);
  const chosen = names.filter((_, i) => Math.floor(i / share) !== Math.floor((i - 1) / share));
  for (const [i, name] of chosen.entries()) {
    const to = join(aside, 'done', i % HELD_OUT === 0 ? 'held' : 'train', name);
    await mkdir(dirname(to), { recursive: true });
    await cp(join(aside, IMAGES, name), to);
  }
  await rename(join(aside, 'done'), corpus);
  await rm(aside, { recursive: true });
  return { train, held };
}
